namespace PipelineService.Core.Values;

/// <summary>UTF-8 text as a part of an array that somebody else fills again for the next record.</summary>
public readonly record struct TextSlice
{
    private readonly byte[]? _bytes;
    private readonly int _start;

    /// <param name="bytes">Holds the text; null for an empty one.</param>
    /// <param name="start">Where it starts.</param>
    /// <param name="length">Its bytes.</param>
    public TextSlice(byte[]? bytes, int start, int length) => (_bytes, _start, Length) = (bytes, start, length);

    /// <summary>No text at all, unlike an empty one.</summary>
    public static TextSlice None => new(null, 0, -1);

    public int Length { get; }

    public bool IsNone => Length < 0;

    public ReadOnlySpan<byte> Span => new(_bytes, _start, Length);

    /// <summary>A text with an array of its own.</summary>
    public static TextSlice Of(string text)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        return new(bytes, 0, bytes.Length);
    }

    /// <summary>A part of the same array.</summary>
    public TextSlice Slice(int start, int length) => new(_bytes, _start + start, length);

    /// <summary>Whether both say the same, wherever they are.</summary>
    public bool Equals(TextSlice other) => IsNone || other.IsNone ? IsNone == other.IsNone : Span.SequenceEqual(other.Span);

    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(IsNone ? [] : Span);
        return hash.ToHashCode();
    }

    public override string ToString() => System.Text.Encoding.UTF8.GetString(Span);
}

/// <summary>Well-formed JSON, as it is written.</summary>
public readonly record struct JsonSlice(TextSlice Text);
