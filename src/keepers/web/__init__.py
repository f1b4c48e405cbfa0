"""What every page and every call of the running system shares: who asks, what they may do, and how it is answered."""
