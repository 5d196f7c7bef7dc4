"""What officers are told of campaigns: that one waits for them, was decided, stopped, or is in danger of not getting out in time."""
