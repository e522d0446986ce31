"""What both front ends need of HTTP, and what knows no resource."""
