using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Text;

/// <summary>
/// What text must fulfil: storable at all (valid UTF-8 without NUL), then length in code points, pattern and allowed values.
/// </summary>
internal sealed class TextRules
{
    /// <summary>The longest UTF-8 form of a code point.</summary>
    private const int CodePointBytesMax = 4;

    private readonly int _lengthMin;
    private readonly int _lengthMax;
    private readonly Regex? _pattern;
    private readonly TextSet? _members;

    /// <param name="field">Whose constraints to compile.</param>
    /// <param name="columnLength">Of varchar: its length in code points.</param>
    public TextRules(FieldDefinition field, int? columnLength = null)
    {
        FieldConstraints constraints = field.Constraints;
        _lengthMin = constraints.MinLength ?? 0;
        _lengthMax = Math.Min(constraints.MaxLength ?? int.MaxValue, columnLength ?? int.MaxValue);
        _pattern = constraints.Pattern is string pattern ? TextPattern.CompileWhole(pattern) : null;
        _members = field.Members is { IsEmpty: false } members ? new TextSet(members) : null;
    }

    /// <summary>Whether PostgreSQL can store the text; COPY would fail without naming the row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RecordErrorCode CheckStorable(ReadOnlySpan<byte> text) =>
        TextWord.IsShortAscii(text) ? RecordErrorCode.None
        : !Utf8.IsValid(text) ? RecordErrorCode.InvalidUtf8
        : text.Contains((byte)0) ? RecordErrorCode.NulCharacter
        : RecordErrorCode.None;

    /// <summary>Writes text that needs no check but the one for storability.</summary>
    public static RecordErrorCode WriteChecked(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        RecordErrorCode code = CheckStorable(text);
        if (code == RecordErrorCode.None)
        {
            rows.WriteBytesField(text);
        }

        return code;
    }

    /// <summary>The first demand that the text does not meet.</summary>
    public RecordErrorCode Check(ReadOnlySpan<byte> text)
    {
        RecordErrorCode code = CheckStorable(text);
        if (code != RecordErrorCode.None)
        {
            return code;
        }

        // Mostly the byte count decides; counting code points is for what is close to a bound.
        if (text.Length < (long)_lengthMin * CodePointBytesMax && CodePoints(text) < _lengthMin)
        {
            return RecordErrorCode.MinLength;
        }

        if (text.Length > _lengthMax && CodePoints(text) > _lengthMax)
        {
            return RecordErrorCode.MaxLength;
        }

        if (_pattern is not null && !TextPattern.IsMatch(_pattern, text))
        {
            return RecordErrorCode.Pattern;
        }

        return _members is null || _members.Contains(text) ? RecordErrorCode.None : RecordErrorCode.Enum;
    }

    /// <summary>Code points of valid UTF-8: the bytes that do not continue another.</summary>
    private static int CodePoints(ReadOnlySpan<byte> text)
    {
        int count = 0;
        foreach (byte b in text)
        {
            count += (b & 0xC0) != 0x80 ? 1 : 0;
        }

        return count;
    }
}
