using System.Security.Cryptography;
using System.Text;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>
/// PostgreSQL's functions on text, in a database with encoding UTF8. A text that is a part of another is no copy of it; one that is
/// made has at most <see cref="ExpressionErrors.TextBytesMax"/> bytes.
/// </summary>
/// <remarks>
/// Case: within ASCII as PostgreSQL under every collation. Beyond it PostgreSQL's answer hangs on the collation of the database;
/// here a letter is mapped by itself and for no language, so that <c>'ß'</c> and the Turkish <c>'İ'</c> and <c>'ı'</c>, which have
/// no other case that is one letter in all languages, stay as they are. Source of the rest: src/backend/utils/adt/varlena.c,
/// oracle_compat.c.
/// </remarks>
internal static class TextFunctions
{
    private const int CodePointBytesMax = 4;

    /// <summary>A letter of two bytes has at most three in the other case.</summary>
    private const int CaseGrowth = 2;

    public static ExpressionError Same(TextSlice text, out TextSlice result)
    {
        result = text;
        return ExpressionError.None;
    }

    public static ExpressionError Length(TextSlice text, out long result)
    {
        result = Characters.Count(text.Span);
        return ExpressionError.None;
    }

    public static ExpressionError Lower(RecordSlots slots, TextSlice text, out TextSlice result) =>
        MapCase(slots, text, isUpper: false, out result);

    public static ExpressionError Upper(RecordSlots slots, TextSlice text, out TextSlice result) =>
        MapCase(slots, text, isUpper: true, out result);

    public static ExpressionError Concat(RecordSlots slots, TextSlice left, TextSlice right, out TextSlice result)
    {
        if (!TryMake(slots, (long)left.Length + right.Length, out Span<byte> room))
        {
            result = default;
            return ExpressionError.TextTooLong;
        }

        left.Span.CopyTo(room);
        right.Span.CopyTo(room[left.Length..]);
        result = slots.Keep(left.Length + right.Length);
        return ExpressionError.None;
    }

    public static ExpressionError TrimBlanks(TextSlice text, out TextSlice result) => Trim(LiteralText.Blank, text, out result);

    public static ExpressionError TrimBlanksAtStart(TextSlice text, out TextSlice result) =>
        TrimAtStart(LiteralText.Blank, text, out result);

    public static ExpressionError TrimBlanksAtEnd(TextSlice text, out TextSlice result) =>
        TrimAtEnd(LiteralText.Blank, text, out result);

    public static ExpressionError Trim(LiteralText characters, TextSlice text, out TextSlice result)
    {
        _ = TrimAtStart(characters, text, out TextSlice rest);
        return TrimAtEnd(characters, rest, out result);
    }

    public static ExpressionError TrimAtStart(LiteralText characters, TextSlice text, out TextSlice result)
    {
        ReadOnlySpan<byte> rest = text.Span;
        while (!rest.IsEmpty && characters.Contains(rest[..Characters.LengthAt(rest, 0)]))
        {
            rest = rest[Characters.LengthAt(rest, 0)..];
        }

        result = text.Slice(text.Length - rest.Length, rest.Length);
        return ExpressionError.None;
    }

    public static ExpressionError TrimAtEnd(LiteralText characters, TextSlice text, out TextSlice result)
    {
        ReadOnlySpan<byte> rest = text.Span;
        while (!rest.IsEmpty && characters.Contains(rest[^Characters.LengthOfLast(rest)..]))
        {
            rest = rest[..^Characters.LengthOfLast(rest)];
        }

        result = text.Slice(0, rest.Length);
        return ExpressionError.None;
    }

    public static ExpressionError Substring(TextSlice text, long start, out TextSlice result)
    {
        result = default;
        ExpressionError error = IntegerMath.ToCount(start, out _);
        if (error == ExpressionError.None)
        {
            result = From(text, Math.Max(start, 1) - 1);
        }

        return error;
    }

    /// <summary>Characters before the first count, too: <c>substring('abc', 0, 2)</c> is 'a'.</summary>
    public static ExpressionError Substring(TextSlice text, long start, long length, out TextSlice result)
    {
        result = default;
        if (length < 0 || IntegerMath.ToCount(start, out _) != ExpressionError.None
            || IntegerMath.ToCount(length, out _) != ExpressionError.None)
        {
            return ExpressionError.ArgumentOutOfRange;
        }

        long first = Math.Max(start, 1);
        long end = start + length;
        result = end <= first ? default : Until(From(text, first - 1), end - first);
        return ExpressionError.None;
    }

    /// <summary>A negative count is of the characters that are left out at the other end.</summary>
    public static ExpressionError Left(TextSlice text, long count, out TextSlice result)
    {
        result = default;
        if (!IsCount(count))
        {
            return ExpressionError.ArgumentOutOfRange;
        }

        result = Until(text, count >= 0 ? count : Characters.Count(text.Span) + count);
        return ExpressionError.None;
    }

    /// <inheritdoc cref="Left"/>
    public static ExpressionError Right(TextSlice text, long count, out TextSlice result)
    {
        result = default;
        if (!IsCount(count))
        {
            return ExpressionError.ArgumentOutOfRange;
        }

        result = From(text, count < 0 ? -count : Characters.Count(text.Span) - count);
        return ExpressionError.None;
    }

    /// <param name="separator">What stands between the parts.</param>
    /// <param name="text">The parts.</param>
    /// <param name="number">1 for the first part, −1 for the last.</param>
    /// <param name="result">Empty when there are not so many.</param>
    public static ExpressionError SplitPart(LiteralText separator, TextSlice text, long number, out TextSlice result)
    {
        result = default;
        if (number == 0 || !IsCount(number))
        {
            return ExpressionError.ArgumentOutOfRange;
        }

        ReadOnlySpan<byte> rest = text.Span;
        long index = number > 0 ? number - 1 : separator.CountIn(rest) + 1 + number;
        if (index < 0)
        {
            return ExpressionError.None;
        }

        for (; index > 0; index--)
        {
            int found = separator.IndexIn(rest);
            if (found < 0)
            {
                return ExpressionError.None;
            }

            rest = rest[(found + separator.Length)..];
        }

        int end = separator.IndexIn(rest);
        result = text.Slice(text.Length - rest.Length, end < 0 ? rest.Length : end);
        return ExpressionError.None;
    }

    public static ExpressionError PadLeftBlanks(RecordSlots slots, TextSlice text, long length, out TextSlice result) =>
        Pad(slots, text, length, LiteralText.Blank.Text, isLeft: true, out result);

    public static ExpressionError PadLeft(RecordSlots slots, TextSlice text, long length, TextSlice fill, out TextSlice result) =>
        Pad(slots, text, length, fill, isLeft: true, out result);

    public static ExpressionError PadRightBlanks(RecordSlots slots, TextSlice text, long length, out TextSlice result) =>
        Pad(slots, text, length, LiteralText.Blank.Text, isLeft: false, out result);

    public static ExpressionError PadRight(RecordSlots slots, TextSlice text, long length, TextSlice fill, out TextSlice result) =>
        Pad(slots, text, length, fill, isLeft: false, out result);

    /// <summary>The digest in hexadecimal digits: <c>encode(sha256(convert_to(text, 'UTF8')), 'hex')</c>.</summary>
    public static ExpressionError Sha256(RecordSlots slots, TextSlice text, out TextSlice result)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text.Span, digest);
        if (!TryMake(slots, 2 * digest.Length, out Span<byte> room))
        {
            result = default;
            return ExpressionError.TextTooLong;
        }

        Convert.TryToHexStringLower(digest, room, out int length);
        result = slots.Keep(length);
        return ExpressionError.None;
    }

    /// <summary>Room for a text, unless that is too long.</summary>
    internal static bool TryMake(RecordSlots slots, long bytes, out Span<byte> room)
    {
        room = default;
        return bytes <= ExpressionErrors.TextBytesMax && slots.TryMakeRoom((int)bytes, out room);
    }

    private static bool IsCount(long count) => count is > int.MinValue and <= int.MaxValue;

    private static TextSlice From(TextSlice text, long characters)
    {
        int start = Characters.OffsetOf(text.Span, characters);
        return text.Slice(start, text.Length - start);
    }

    private static TextSlice Until(TextSlice text, long characters) =>
        text.Slice(0, Characters.OffsetOf(text.Span, characters));

    private static ExpressionError MapCase(RecordSlots slots, TextSlice text, bool isUpper, out TextSlice result)
    {
        result = default;
        ReadOnlySpan<byte> source = text.Span;
        if (source.Length > ExpressionErrors.TextBytesMax || !slots.TryMakeRoom(source.Length * CaseGrowth, out Span<byte> room))
        {
            return ExpressionError.TextTooLong;
        }

        _ = isUpper ? Ascii.ToUpper(source, room, out int length) : Ascii.ToLower(source, room, out length);
        if (length < source.Length)
        {
            return MapRunes(slots, source, isUpper, room, out result);
        }

        result = slots.Keep(length);
        return ExpressionError.None;
    }

    private static ExpressionError MapRunes(
        RecordSlots slots, ReadOnlySpan<byte> source, bool isUpper, Span<byte> room, out TextSlice result)
    {
        int length = 0;
        while (!source.IsEmpty)
        {
            _ = Rune.DecodeFromUtf8(source, out Rune rune, out int used);
            rune = isUpper ? Rune.ToUpperInvariant(rune) : Rune.ToLowerInvariant(rune);
            length += rune.EncodeToUtf8(room[length..]);
            source = source[used..];
        }

        bool fits = length <= ExpressionErrors.TextBytesMax;
        result = fits ? slots.Keep(length) : default;
        return fits ? ExpressionError.None : ExpressionError.TextTooLong;
    }

    private static ExpressionError Pad(
        RecordSlots slots, TextSlice text, long length, TextSlice fill, bool isLeft, out TextSlice result)
    {
        result = default;
        if (!IsCount(length))
        {
            return ExpressionError.ArgumentOutOfRange;
        }

        long missing = length - Characters.Count(text.Span);
        if (missing <= 0 || fill.Length == 0)
        {
            result = Until(text, Math.Max(length, 0));
            return ExpressionError.None;
        }

        if (missing > ExpressionErrors.TextBytesMax || text.Length > ExpressionErrors.TextBytesMax
            || !slots.TryMakeRoom((int)(text.Length + (missing * CodePointBytesMax)), out Span<byte> room))
        {
            return ExpressionError.TextTooLong;
        }

        int filled = isLeft ? 0 : text.Length;
        int start = filled;
        ReadOnlySpan<byte> source = fill.Span;
        for (int at = 0; missing > 0; missing--)
        {
            int bytes = Characters.LengthAt(source, at);
            source.Slice(at, bytes).CopyTo(room[filled..]);
            filled += bytes;
            at = at + bytes == source.Length ? 0 : at + bytes;
        }

        text.Span.CopyTo(isLeft ? room[filled..] : room);
        int total = filled - start + text.Length;
        if (total > ExpressionErrors.TextBytesMax)
        {
            return ExpressionError.TextTooLong;
        }

        result = slots.Keep(total);
        return ExpressionError.None;
    }
}
