using System.Globalization;
using PipelineService.Core.Encoding.Calendar;
using PipelineService.Core.Values;

namespace PipelineService.Core.Encoding;

/// <summary>Typed values as text, as PostgreSQL shows them; JSON and text are text already.</summary>
internal static class TypedText
{
    /// <summary>The longest form of a number, a date or a time.</summary>
    public const int BytesMax = 64;

    /// <param name="value">Neither null nor a text.</param>
    /// <param name="text">At least <see cref="BytesMax"/> bytes.</param>
    /// <returns>How many bytes were written.</returns>
    public static int Write(in TypedValue value, Span<byte> text)
    {
        int length;
        switch (value.Kind)
        {
            case TypedKind.Integer:
                value.Word.TryFormat(text, out length, default, CultureInfo.InvariantCulture);
                return length;
            case TypedKind.Number:
                value.Number.TryFormat(text, out length, default, CultureInfo.InvariantCulture);
                return length;
            case TypedKind.Float:
                return WriteFloat(value.Float, text);
            case TypedKind.Boolean:
                return Copy(value.Word != 0 ? "true"u8 : "false"u8, text);
            case TypedKind.Date:
                return CalendarText.WriteDate((int)value.Word, text);
            case TypedKind.LocalDateTime or TypedKind.DateTime:
                return CalendarText.WriteTimestamp(value.Word, isInstant: value.Kind == TypedKind.DateTime, text);
            default:
                throw new InvalidOperationException($"No text of {value.Kind}.");
        }
    }

    private static int WriteFloat(double value, Span<byte> text)
    {
        if (!double.IsFinite(value))
        {
            return Copy(double.IsNaN(value) ? "NaN"u8 : value > 0 ? "INF"u8 : "-INF"u8, text);
        }

        value.TryFormat(text, out int length, default, CultureInfo.InvariantCulture);
        return length;
    }

    private static int Copy(ReadOnlySpan<byte> word, Span<byte> text)
    {
        word.CopyTo(text);
        return word.Length;
    }
}
