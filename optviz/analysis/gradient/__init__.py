"""Is a gradient right? What finite differences say."""
