"""The pages of the documentation, which the server shows below ``/docs``."""
