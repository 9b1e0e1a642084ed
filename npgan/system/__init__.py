"""What the machine has to do with: files on disk, aligned memory, signals, settings from the environment."""
