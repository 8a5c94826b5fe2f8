"""What people look at: pictures, contact sheets, tables and pages."""
