"""What lasts across pages and reruns: address, uploads, engine, background work."""
