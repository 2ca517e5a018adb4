namespace PipelineService.Write;

/// <summary>
/// Where bytes of a chunk are in the text as it was sent. Asked in the order of the data for the most part: what was counted once is not
/// counted again, however many rejects a chunk has.
/// </summary>
internal sealed class PlacesAsSent(TransformedChunk chunk)
{
    private int _at;
    private long _asSent = chunk.Extent.StartAsSent ?? chunk.Extent.StartOffset;

    /// <param name="position">0-based, in the chunk.</param>
    public long AsSent(int position)
    {
        if (chunk.Load.Transform?.Text is not { } text || chunk.Extent.StartAsSent is not { } start)
        {
            return chunk.Extent.StartOffset + position;
        }

        if (position < _at)
        {
            (_at, _asSent) = (0, start);
        }

        _asSent += text.LengthOf(chunk.Bytes.Span[_at..position]);
        _at = position;
        return _asSent;
    }
}
