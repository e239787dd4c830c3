"""What a run says, made readable. Everything here consumes events or finished replays."""
