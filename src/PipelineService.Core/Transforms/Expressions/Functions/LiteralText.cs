using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>
/// A short text that stands in the expression itself: what to trim or to split at. Were it a value of the record, the time to look
/// for it could grow with the square of the record.
/// </summary>
internal sealed class LiteralText(string text)
{
    /// <summary>Characters (UTF-16 units) at most.</summary>
    public const int LengthMax = 100;

    public static LiteralText Blank { get; } = new(" ");

    public TextSlice Text { get; } = TextSlice.Of(text);

    public int Length => Text.Length;

    /// <summary>Where it is found first; −1 when it is not, as an empty one never is.</summary>
    public int IndexIn(ReadOnlySpan<byte> text) => Length == 0 ? -1 : text.IndexOf(Text.Span);

    /// <summary>How often it is found, one behind the other.</summary>
    public long CountIn(ReadOnlySpan<byte> text)
    {
        long count = 0;
        for (int found = IndexIn(text); found >= 0; found = IndexIn(text))
        {
            text = text[(found + Length)..];
            count++;
        }

        return count;
    }

    /// <summary>Whether a character is one of its characters.</summary>
    public bool Contains(ReadOnlySpan<byte> character) => Text.Span.IndexOf(character) >= 0;
}
