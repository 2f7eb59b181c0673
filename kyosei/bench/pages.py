def measure_pages(*a, **k):
    return []
