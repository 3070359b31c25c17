"""What makes data files of the repository from what others publish. Run by hand; nothing of it is shipped."""
