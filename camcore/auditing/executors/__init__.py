"""Where the pure parts of an audit are worked out: in this process, or on a cluster of Ray's."""
