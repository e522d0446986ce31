"""The delivery worker: leases lanes, sends their heads, and settles the outcomes."""
