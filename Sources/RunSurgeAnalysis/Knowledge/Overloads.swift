/// The special methods that syntax calls without naming them.
enum Overloads {
    static let operators = words(
        """
        __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __floordiv__ __rfloordiv__ __mod__
        __rmod__ __pow__ __rpow__ __and__ __rand__ __or__ __ror__ __xor__ __rxor__ __lshift__ __rlshift__ __rshift__
        __rrshift__ __matmul__ __rmatmul__ __neg__ __pos__ __invert__ __abs__ __lt__ __le__ __gt__ __ge__ __eq__ __ne__
        __round__ __trunc__ __floor__ __ceil__ __divmod__ __rdivmod__
        """)
    static let inPlace = words(
        """
        __iadd__ __isub__ __imul__ __itruediv__ __ifloordiv__ __imod__ __ipow__ __iand__ __ior__ __ixor__ __ilshift__
        __irshift__ __imatmul__
        """)
    static let implicit = operators.union(inPlace).union(
        words(
            """
            __hash__ __bool__ __len__ __contains__ __iter__ __next__ __reversed__ __str__ __repr__ __format__ __int__
            __float__ __index__ __getitem__ __missing__ __getattr__ __getattribute__ __bytes__ __complex__ __length_hint__
            __get__ __set__ __delete__ __set_name__ __instancecheck__ __subclasscheck__ __subclasshook__ __fspath__
            __setattr__ __setitem__ __delitem__ __delattr__ __reduce__ __reduce_ex__ __getstate__ __setstate__
            __getnewargs__ __getnewargs_ex__ __init_subclass__ __class_getitem__ __copy__ __deepcopy__ __replace__
            __sizeof__ __dir__
            """))
    /// Changing themselves is what these are for.
    static let selfChanging = inPlace.union(
        words("__next__ __iter__ __setattr__ __setitem__ __delitem__ __delattr__ __setstate__"))
}
