using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding;

/// <summary>
/// Booleans: one of the field's texts for true or for false, or the JSON literals. Binary form: one byte, 1 or 0.
/// </summary>
internal readonly struct BooleanFormat : IScalarFormat<bool>
{
    private readonly byte[][] _trueValues;
    private readonly byte[][] _falseValues;

    public BooleanFormat(FieldDefinition field)
    {
        if (field.TrueValues.Intersect(field.FalseValues).FirstOrDefault() is string both)
        {
            throw new FieldFaultException($"\"{both}\" is in both trueValues and falseValues.");
        }

        if (field.TrueValues.IsEmpty || field.FalseValues.IsEmpty)
        {
            throw new FieldFaultException("trueValues and falseValues must each have at least one text.");
        }

        _trueValues = [.. field.TrueValues.Select(System.Text.Encoding.UTF8.GetBytes)];
        _falseValues = [.. field.FalseValues.Select(System.Text.Encoding.UTF8.GetBytes)];
    }

    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out bool value)
    {
        value = Contains(_trueValues, text);
        return value || Contains(_falseValues, text) ? RecordErrorCode.None : RecordErrorCode.TypeMismatch;
    }

    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out bool value)
    {
        value = kind == ValueKind.True;
        return value || kind == ValueKind.False ? RecordErrorCode.None : RecordErrorCode.TypeMismatch;
    }

    public static void Write(bool value, RowBuffer rows) => rows.WriteIntegerField<byte>(value ? (byte)1 : (byte)0);

    private static bool Contains(byte[][] values, ReadOnlySpan<byte> text)
    {
        foreach (byte[] value in values)
        {
            if (text.SequenceEqual(value))
            {
                return true;
            }
        }

        return false;
    }
}
