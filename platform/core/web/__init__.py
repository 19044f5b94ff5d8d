"""Middleware, routing and the admin's host: each request passes through them, before a view and after it."""
