namespace PipelineService.Spool.Decoding;

/// <summary>Undoes what the first bytes say that the data is compressed with; data without such a signature is left as it is.</summary>
internal sealed class SignatureDecoder : StreamDecoder
{
    /// <summary>First bytes that suffice to tell.</summary>
    public const int BytesLooked = 4;

    private StreamDecoder? _decoder;

    public override bool MayEnd => _decoder?.MayEnd ?? false;

    /// <summary>What data is compressed with that begins like this; null for nothing that can be told.</summary>
    /// <param name="start">Its first bytes; <see cref="BytesLooked"/> unless there are fewer.</param>
    public static ContentCoding? Of(ReadOnlySpan<byte> start) => start switch
    {
        [0x1F, 0x8B, ..] => ContentCoding.Gzip,
        [0x28, 0xB5, 0x2F, 0xFD, ..] or [>= 0x50 and <= 0x5F, 0x2A, 0x4D, 0x18, ..] => ContentCoding.Zstd,
        _ => null,
    };

    public override int Decode(ReadOnlySpan<byte> source, bool isLast, Span<byte> destination, out int consumed)
    {
        consumed = 0;
        if (_decoder is null && source.Length < BytesLooked && !isLast)
        {
            return 0;
        }

        _decoder ??= Of(source) is { } coding ? DecodingChain.DecoderOf(coding) : new PlainDecoder();
        return _decoder.Decode(source, isLast, destination, out consumed);
    }

    public override void Dispose() => _decoder?.Dispose();

    private sealed class PlainDecoder : StreamDecoder
    {
        public override bool MayEnd => true;

        public override int Decode(ReadOnlySpan<byte> source, bool isLast, Span<byte> destination, out int consumed)
        {
            consumed = Math.Min(source.Length, destination.Length);
            source[..consumed].CopyTo(destination);
            return consumed;
        }

        public override void Dispose()
        {
        }
    }
}
