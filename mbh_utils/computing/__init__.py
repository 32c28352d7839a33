"""What any program of this kind needs: folders, arguments, compiled code, the store, processes."""
