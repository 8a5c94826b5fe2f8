"""The four terms of equation (1) put together, with bounded queues; the only package that knows all of them."""
