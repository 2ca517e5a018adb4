using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Encoding.Calendar;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps;

/// <summary>
/// Why an op cannot do its work on a field, as a sentence; null where it can. Found out by compiling, so that the answer and the step
/// cannot disagree.
/// </summary>
public static class OpFaults
{
    private const string OfHash = "A hash is a text of 64 hexadecimal digits";

    private static readonly byte[] Hash = System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("0a", 32)));

    /// <summary>Why it cannot work on a field.</summary>
    public static string? OfField(TransformOp op, FieldDefinition field) => op switch
    {
        ParseDateOp parse => OfParse(parse, field),
        DatePartOp { Part: var part } => OfPart(part, field.Type),
        FlattenOp when !IsJson(field.Type) =>
            "A field of this type is no JSON object: flatten takes fields of type object, string or any.",
        _ => null,
    };

    /// <summary>Why a field that it sets cannot take what it makes.</summary>
    public static string? OfSet(TransformOp op, FieldDefinition field) => op switch
    {
        DatePartOp when field.Type is not (
            FieldType.Integer or FieldType.Number or FieldType.String or FieldType.Any or FieldType.Year) =>
            "A part is a whole number, which a field of this type cannot take: use integer.",
        FlattenOp { Rest: string rest } when field.Name == rest && !IsJson(field.Type) =>
            "The rest is a JSON object, which a field of this type cannot take: use object.",
        _ => null,
    };

    /// <summary>Why a field that it works on cannot hold what it leaves there.</summary>
    public static string? OfResult(TransformOp op, FieldDefinition field)
    {
        if (op is not HashOp)
        {
            return null;
        }

        if (field.Type is not (FieldType.String or FieldType.Any))
        {
            return $"{OfHash}, which a field of this type cannot hold: declare it a string, also where the data has other values."
                + " A field of its own, with \"source\", can take the hash beside the value.";
        }

        FieldConstraints constraints = new() { MinLength = field.Constraints.MinLength, MaxLength = field.Constraints.MaxLength };
        FieldDefinition held = field with { Constraints = constraints };
        return FieldEncoders.TryValidate(held, out _)
            && FieldEncoders.Create(held).Encode(Hash, new RowBuffer(initialBytes: 0)) != RecordErrorCode.None
                ? $"{OfHash}, which the field's format, length or SQL type has no place for."
                : null;
    }

    /// <summary>What is wrong with a pattern of <c>strptime</c>, whatever the field.</summary>
    public static string? OfPattern(string pattern) => OfPattern(FieldType.Any, pattern);

    private static string? OfParse(ParseDateOp op, FieldDefinition field)
    {
        if (!op.SuitsPattern(field) && field.Type is not (FieldType.String or FieldType.Any))
        {
            return "parse_date makes a date, a time, a datetime or a text: a field of another type cannot take it.";
        }

        if (op.SuitsPattern(field) && field.Format is not (FieldFormats.Default or FieldFormats.Any))
        {
            return "The field has a format of its own, and parse_date gives it the ISO form: leave one of the two out.";
        }

        return op.Formats
            .Select(format => OfPattern(field.Type, format) is string fault ? $"With the format \"{Excerpt.Of(format)}\": {fault}" : null)
            .FirstOrDefault(fault => fault is not null);
    }

    private static string? OfPart(DatePart part, FieldType type)
    {
        bool isOfTime = part is DatePart.Hour or DatePart.Minute or DatePart.Second;
        return type switch
        {
            FieldType.DateTime => null,
            FieldType.Date => isOfTime ? "A date has no hour, minute or second." : null,
            FieldType.Time => isOfTime ? null : "A time has no day: its parts are hour, minute and second.",
            _ => "A part is taken of a date, a time or a datetime: declare the field as one, with the format in which the data has it.",
        };
    }

    private static string? OfPattern(FieldType type, string pattern)
    {
        try
        {
            _ = TextForm.Compile(type, pattern);
            return null;
        }
        catch (FieldFaultException exception)
        {
            return exception.Message;
        }
    }

    private static bool IsJson(FieldType type) => type is FieldType.Object or FieldType.String or FieldType.Any;
}
