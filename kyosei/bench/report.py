class Line:
    @classmethod
    def of(cls, *a, **k):
        return (a, k)


def show(lines, say):
    print(lines)


def write(l):
    pass
