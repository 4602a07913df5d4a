"""Goals of speed as ratios of CPU time, measured against peers and floors in one run. See README.md."""
