"""Many runs of one network in one program."""
