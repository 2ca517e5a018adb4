namespace PipelineService.Core.Lookups;

/// <summary>
/// Bytes that are only ever added to, in pages, so that nothing moves when they grow. A run of bytes lies in one page; one that is
/// longer than a page has its own.
/// </summary>
internal sealed class BytePages
{
    private const int PageBits = 20;
    private const int PageBytes = 1 << PageBits;

    /// <summary>Of the first page; each further one is twice as long, up to the bytes of a page.</summary>
    private const int FirstPageBytes = 1 << 12;

    /// <summary>As many as an offset can tell.</summary>
    private const int PagesMax = 1 << (31 - PageBits);

    private readonly List<byte[]> _pages = [];
    private int _used;
    private int _room;

    /// <summary>Bytes of all pages.</summary>
    public long Bytes { get; private set; }

    /// <summary>Room for a run of bytes.</summary>
    /// <param name="length">Its bytes.</param>
    /// <param name="offset">Where it is found again: not negative.</param>
    /// <returns>Empty when no more fits.</returns>
    public Span<byte> Add(int length, out int offset)
    {
        if (_room < length)
        {
            if (_pages.Count == PagesMax)
            {
                offset = -1;
                return default;
            }

            int usual = (int)Math.Min(PageBytes, (long)FirstPageBytes << Math.Min(_pages.Count, PageBits));
            _pages.Add(GC.AllocateUninitializedArray<byte>(Math.Max(usual, length)));
            Bytes += _pages[^1].Length;
            (_used, _room) = (0, _pages[^1].Length);
        }

        offset = ((_pages.Count - 1) << PageBits) | _used;
        Span<byte> room = _pages[^1].AsSpan(_used, length);
        _used += length;
        _room = _used >= PageBytes ? 0 : _room - length;
        return room;
    }

    /// <summary>The page of an offset, and where in it the run begins.</summary>
    public byte[] PageOf(int offset, out int start)
    {
        start = offset & (PageBytes - 1);
        return _pages[offset >> PageBits];
    }
}
