"""sansmcp on trio: servers and clients over standard input and output, processes, TCP and Unix sockets."""
