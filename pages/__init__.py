"""The pages: widgets in, engine call, picture out; nothing here knows a tensor."""
