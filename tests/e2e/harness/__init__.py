"""What the end-to-end tests stand on: real processes, real sockets, a real Redis."""
