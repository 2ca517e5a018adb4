using System.Diagnostics.CodeAnalysis;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>
/// A pattern of <c>like</c>: <c>%</c> is any text, <c>_</c> any character, the escape takes their meaning away. The whole text must
/// match. The time is at most the length of the text times that of the pattern, which therefore is part of the expression.
/// </summary>
internal sealed class LikePattern
{
    /// <summary>Characters (UTF-16 units) at most.</summary>
    public const int LengthMax = 1_000;

    private const short AnyText = -1;
    private const short AnyCharacter = -2;

    /// <summary>Bytes to be equal to, and the two above.</summary>
    private readonly short[] _parts;

    private LikePattern(short[] parts) => _parts = parts;

    /// <param name="pattern">As written.</param>
    /// <param name="escape">One character, or empty for none.</param>
    /// <param name="compiled">The pattern.</param>
    /// <returns>False when it ends with its escape.</returns>
    public static bool TryCompile(string pattern, string escape, [NotNullWhen(true)] out LikePattern? compiled)
    {
        List<short> parts = [];
        bool isEscaped = false;
        foreach (System.Text.Rune rune in pattern.EnumerateRunes())
        {
            string character = rune.ToString();
            if (!isEscaped && escape.Length > 0 && character == escape)
            {
                isEscaped = true;
                continue;
            }

            if (!isEscaped && character is ("%" or "_"))
            {
                parts.Add(character == "%" ? AnyText : AnyCharacter);
            }
            else
            {
                parts.AddRange(System.Text.Encoding.UTF8.GetBytes(character).Select(b => (short)b));
            }

            isEscaped = false;
        }

        compiled = isEscaped ? null : new LikePattern([.. parts]);
        return !isEscaped;
    }

    public static ExpressionError Like(LikePattern pattern, TextSlice text, out bool result)
    {
        result = pattern.Matches(text.Span);
        return ExpressionError.None;
    }

    private bool Matches(ReadOnlySpan<byte> text)
    {
        short[] parts = _parts;
        int at = 0;
        int part = 0;
        int lastAny = -1;
        int retry = 0;
        while (at < text.Length)
        {
            short expected = part < parts.Length ? parts[part] : short.MinValue;
            if (expected == AnyText)
            {
                lastAny = part++;
                retry = at;
            }
            else if (expected == AnyCharacter)
            {
                at += Characters.LengthAt(text, at);
                part++;
            }
            else if (expected == text[at])
            {
                at++;
                part++;
            }
            else if (lastAny < 0)
            {
                return false;
            }
            else
            {
                // The last "any text" takes one character more; those before it need not be looked at again.
                retry += Characters.LengthAt(text, retry);
                at = retry;
                part = lastAny + 1;
            }
        }

        return parts.AsSpan(part).IndexOfAnyExcept(AnyText) < 0;
    }
}
