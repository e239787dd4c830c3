"""What is under test. An engine deploys itself, says which actions it takes, and turns actions into calls, and back."""
