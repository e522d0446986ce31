"""The endpoints of the Noko v2 API: the path of a file is the path of its URLs."""
