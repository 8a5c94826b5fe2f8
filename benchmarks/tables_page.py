def write_page(plan, found, tried): return ""
