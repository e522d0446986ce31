"""HTTP for both front ends: server, middleware, router, requests and responses. It knows no resource."""
