using System.Globalization;
using System.Text;
using System.Text.Unicode;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Numbers;

/// <summary>
/// Numbers written with another decimal mark, with groups of digits or with text around them (<c>€ 1.234,50</c>), and how
/// they are brought to the plain form <c>1234.50</c>. Source: https://datapackage.org/standard/table-schema/#number.
/// </summary>
/// <remarks>
/// Text around a number may be dropped only if it cannot change the number's meaning: no other digit, dash, plus, or
/// bracket, and no point or comma right before it. <c>-€5</c>, <c>5-</c> and <c>(5)</c> would otherwise silently lose
/// their sign, and <c>€ ,50</c> would become fifty.
/// </remarks>
internal sealed class NumberFormat
{
    private const int GroupDigits = 3;
    private const int IndianGroupDigits = 2;

    private readonly byte[] _decimal;
    private readonly byte[] _group;
    private readonly bool _isBare;

    private NumberFormat(FieldDefinition field)
    {
        // An integer has no decimal mark: the empty one matches nowhere.
        _decimal = field.Type == FieldType.Number ? System.Text.Encoding.UTF8.GetBytes(field.DecimalChar) : [];
        _group = System.Text.Encoding.UTF8.GetBytes(field.GroupChar ?? "");
        _isBare = field.BareNumber;
    }

    /// <summary>The format of a number or integer field, or null when its values are plain already.</summary>
    public static NumberFormat? Of(FieldDefinition field)
    {
        bool hasOtherMark = field.Type == FieldType.Number && field.DecimalChar != ".";
        if (field.Type is not (FieldType.Number or FieldType.Integer)
            || (!hasOtherMark && field.GroupChar is null && field.BareNumber))
        {
            return null;
        }

        if (!IsMark(field.DecimalChar))
        {
            throw new FieldFaultException("decimalChar must be text without digits, signs or the letters e and E.");
        }

        if (field.GroupChar is string group && !IsMark(group))
        {
            throw new FieldFaultException("groupChar must be text without digits, signs or the letters e and E.");
        }

        return field.Type == FieldType.Number && field.GroupChar == field.DecimalChar
            ? throw new FieldFaultException("groupChar and decimalChar must differ.")
            : new NumberFormat(field);
    }

    /// <summary>The same field with plain numbers, its bounds and enum members brought to the plain form.</summary>
    public FieldDefinition MakePlain(FieldDefinition field) => field with
    {
        DecimalChar = ".",
        GroupChar = null,
        BareNumber = true,
        Constraints = field.Constraints with
        {
            Minimum = MakePlain(field, "minimum", field.Constraints.Minimum),
            Maximum = MakePlain(field, "maximum", field.Constraints.Maximum),
            ExclusiveMinimum = MakePlain(field, "exclusiveMinimum", field.Constraints.ExclusiveMinimum),
            ExclusiveMaximum = MakePlain(field, "exclusiveMaximum", field.Constraints.ExclusiveMaximum),
            Enum = [.. field.Members.Select(member => MakePlain(field, "enum", member)!)],
        },
    };

    /// <summary>Writes the plain form of a number.</summary>
    /// <param name="text">The number as it came.</param>
    /// <param name="plain">At least as long as the text.</param>
    /// <param name="length">How long the plain form is; it may still be no number.</param>
    public RecordErrorCode Normalize(ReadOnlySpan<byte> text, Span<byte> plain, out int length)
    {
        if (SpecialNumbers.KindOf(text) != SpecialNumber.None)
        {
            text.CopyTo(plain);
            length = text.Length;
            return RecordErrorCode.None;
        }

        length = 0;
        int start = _isBare ? 0 : FindStart(text);
        int end = CopyNumber(text, start, plain, ref length);
        if (end < 0 || MayBePartOf(text, start))
        {
            return RecordErrorCode.TypeMismatch;
        }

        if (_isBare)
        {
            return end == text.Length ? RecordErrorCode.None : RecordErrorCode.TypeMismatch;
        }

        RecordErrorCode code = CheckDropped(text[..start]);
        return code == RecordErrorCode.None ? CheckDropped(text[end..]) : code;
    }

    private string? MakePlain(FieldDefinition field, string constraint, string? text)
    {
        if (text is null)
        {
            return null;
        }

        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        byte[] buffer = new byte[bytes.Length];
        bool isLexical = Normalize(bytes, buffer, out int length) == RecordErrorCode.None
            && (DecimalText.TryParse(buffer.AsSpan(0, length), out _)
                || SpecialNumbers.KindOf(buffer.AsSpan(0, length)) != SpecialNumber.None);
        string plain = System.Text.Encoding.UTF8.GetString(buffer, 0, length);
        bool isJson = DecimalText.TryParse(bytes, out _);

        // With the point as group mark, 1.500 is fifteen hundred as text and one and a half as JSON: do not guess.
        return (isLexical, isJson) switch
        {
            (true, true) when plain != text => throw new FieldFaultException(
                $"{constraint} \"{text}\" is ambiguous: it reads as {plain} with the field's marks. Write it without them."),
            (true, _) => plain,
            (false, true) => text,
            _ => throw BoundText.Fault(field, constraint, text),
        };
    }

    /// <summary>Copies sign, whole digits, fraction and exponent, without the marks between groups.</summary>
    /// <returns>Where the number ends, or −1 when its groups are none.</returns>
    private int CopyNumber(ReadOnlySpan<byte> text, int start, Span<byte> plain, ref int length)
    {
        int i = start;
        if (IsSign(text, i))
        {
            plain[length++] = text[i++];
        }

        i = CopyGroups(text, i, plain, ref length);
        if (i < 0 || _decimal.Length == 0)
        {
            return i;
        }

        if (IsMarkAt(text, i, _decimal))
        {
            plain[length++] = (byte)'.';
            i = CopyDigits(text, i + _decimal.Length, plain, ref length);
        }

        return CopyExponent(text, i, plain, ref length);
    }

    /// <summary>
    /// Copies whole digits. Where marks part them, the last group must have three digits and the others three, or two
    /// as in India; the first may be shorter. Else the mark means something else: 12,50 is not 1250, and 0,123 is not
    /// 123.
    /// </summary>
    private int CopyGroups(ReadOnlySpan<byte> text, int start, Span<byte> plain, ref int length)
    {
        int i = CopyDigits(text, start, plain, ref length);
        int first = i - start;
        int between = 0;
        int last = 0;
        while (i > start && IsMarkAt(text, i, _group) && IsDigit(text, i + _group.Length))
        {
            if (last != 0 && between != 0 && between != last)
            {
                return -1;
            }

            between = last;
            int group = i + _group.Length;
            i = CopyDigits(text, group, plain, ref length);
            last = i - group;
        }

        bool isGrouped = last != 0;
        bool isRight = last == GroupDigits
            && between is 0 or IndianGroupDigits or GroupDigits
            && first <= (between == 0 ? GroupDigits : between)
            && text[start] != '0';
        return !isGrouped || isRight ? i : -1;
    }

    private static int CopyDigits(ReadOnlySpan<byte> text, int start, Span<byte> plain, ref int length)
    {
        int i = start;
        while (IsDigit(text, i))
        {
            plain[length++] = text[i++];
        }

        return i;
    }

    private static int CopyExponent(ReadOnlySpan<byte> text, int i, Span<byte> plain, ref int length)
    {
        int digits = i < text.Length && text[i] is (byte)'e' or (byte)'E' ? (IsSign(text, i + 1) ? i + 2 : i + 1) : i;
        if (digits == i || !IsDigit(text, digits))
        {
            return i;
        }

        text[i..digits].CopyTo(plain[length..]);
        length += digits - i;
        return CopyDigits(text, digits, plain, ref length);
    }

    /// <summary>Where the first number starts: at a digit, or at the sign or decimal mark right before one.</summary>
    private int FindStart(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            int afterSign = IsSign(text, i) ? i + 1 : i;
            if (IsDigit(text, afterSign)
                || (IsMarkAt(text, afterSign, _decimal) && IsDigit(text, afterSign + _decimal.Length)))
            {
                return i;
            }
        }

        return text.Length;
    }

    /// <summary>
    /// Whether the number may start before where it was found: behind a point or comma, or, when it starts with a
    /// decimal mark itself, behind a letter (<c>Rs.500</c>).
    /// </summary>
    private bool MayBePartOf(ReadOnlySpan<byte> text, int start)
    {
        if (start == 0)
        {
            return false;
        }

        _ = Rune.DecodeLastFromUtf8(text[..start], out Rune before, out _);
        return before.Value is '.' or ',' || (IsMarkAt(text, start, _decimal) && Rune.IsLetter(before));
    }

    private static RecordErrorCode CheckDropped(ReadOnlySpan<byte> dropped)
    {
        if (!Utf8.IsValid(dropped))
        {
            return RecordErrorCode.InvalidUtf8;
        }

        while (!dropped.IsEmpty)
        {
            _ = Rune.DecodeFromUtf8(dropped, out Rune rune, out int consumed);
            if (Rune.IsNumber(rune)
                || Rune.GetUnicodeCategory(rune) is UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation
                    or UnicodeCategory.ClosePunctuation or UnicodeCategory.MathSymbol or UnicodeCategory.Control)
            {
                return RecordErrorCode.TypeMismatch;
            }

            dropped = dropped[consumed..];
        }

        return RecordErrorCode.None;
    }

    private static bool IsMark(string text) =>
        text.Length != 0 && text.IndexOfAny(['e', 'E', '+', '-']) < 0 && !text.Any(char.IsDigit);

    private static bool IsMarkAt(ReadOnlySpan<byte> text, int index, byte[] mark) =>
        mark.Length != 0 && index < text.Length && text[index..].StartsWith(mark);

    private static bool IsSign(ReadOnlySpan<byte> text, int index) =>
        index < text.Length && text[index] is (byte)'-' or (byte)'+';

    private static bool IsDigit(ReadOnlySpan<byte> text, int index) =>
        (uint)index < (uint)text.Length && char.IsAsciiDigit((char)text[index]);
}
