"""What a production is made of besides the program, and the rehearsal of it on one machine."""
