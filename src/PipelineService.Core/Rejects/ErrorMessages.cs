using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Rejects;

/// <summary>
/// The sentence of a dead letter: what is wrong and what is allowed. Composed when the dead letter is written, from the
/// definition alone, so that a million bad records cost no million messages; the value itself stands beside it.
/// </summary>
public static class ErrorMessages
{
    /// <summary>Enum members that a message names before it only counts the rest.</summary>
    private const int MembersNamedMax = 10;

    /// <summary>The sentence of <see cref="RecordErrorCode.TooManyFields"/> for a property of JSON, which has its name in the value.</summary>
    public const string UnknownProperty =
        "The schema has no field of this name: declare it, or set schema.fieldsMatch to \"subset\".";

    /// <summary>The sentence of <see cref="RecordErrorCode.MoreErrors"/>.</summary>
    public static string More(int count) => string.Create(
        CultureInfo.InvariantCulture, $"The record has {count} more error{(count == 1 ? "" : "s")}, not told here.");

    /// <summary>The sentence of a record with too few or too many fields.</summary>
    public static string For(FieldCounts fields) => string.Create(
        CultureInfo.InvariantCulture,
        $"The record has {fields.Found} field{(fields.Found == 1 ? "" : "s")} where {fields.Expected} are expected.");

    /// <summary>The sentence of a record with bytes that are no character of its encoding.</summary>
    /// <param name="bytes">The first of them, one behind the other.</param>
    /// <param name="offset">Where they are in the data, as sent without its compression.</param>
    /// <param name="encoding">What the data is read as.</param>
    public static string For(ReadOnlySpan<byte> bytes, long offset, TextEncoding encoding) =>
        $"The {Placed(bytes, offset)} {(bytes.Length == 1 ? "is" : "are")} no character of {encoding.Name}.{OtherOf(bytes, encoding)}";

    /// <summary>The sentence of bytes that are no UTF-8.</summary>
    /// <inheritdoc cref="For(ReadOnlySpan{byte}, long, TextEncoding)"/>
    public static string ForUtf8(ReadOnlySpan<byte> bytes, long offset) =>
        $"Not valid UTF-8: the {Placed(bytes, offset)}. If the data is in another encoding, such as windows-1252, say so: as the "
        + "charset of the Content-Type, or as the dataset's \"encoding\".";

    private static string Placed(ReadOnlySpan<byte> bytes, long offset)
    {
        StringBuilder values = new();
        foreach (byte value in bytes)
        {
            values.Append(CultureInfo.InvariantCulture, $" 0x{value:X2}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"byte{(bytes.Length == 1 ? "" : "s")}{values} at byte {offset} of the data");
    }

    /// <summary>What they most likely are: many programs say Latin-1 where they write Windows' superset of it.</summary>
    private static string OtherOf(ReadOnlySpan<byte> bytes, TextEncoding encoding) =>
        encoding.Kind == EncodingKind.Single && encoding.Name.StartsWith("iso-8859-", StringComparison.Ordinal)
        && bytes[0] is >= 0x80 and <= 0x9F
            ? " Where that has control characters, windows-1252 and its like have letters: set the encoding to the one that it is."
            : "";

    /// <summary>The sentence of <see cref="RecordErrorCode.Unique"/>: which key it is. The value stands beside it.</summary>
    /// <param name="key">The names of its fields, in the key's order.</param>
    public static string Unique(IEnumerable<string> key) =>
        $"A row with this {string.Join(" and ", key.Select(name => $"\"{Shown(name)}\""))} exists already, in the table or earlier in the upload.";

    /// <summary>The sentence of <see cref="RecordErrorCode.ForeignKey"/>: what there is no row of. The value stands beside it.</summary>
    /// <param name="parent">The table that is referred to.</param>
    /// <param name="key">The names of its columns.</param>
    public static string ForeignKey(string parent, IEnumerable<string> key) =>
        $"Refers to a row that does not exist: none of {Shown(parent)} has this {string.Join(" and ", key.Select(name => $"\"{Shown(name)}\""))}.";

    /// <summary>As <see cref="Unique"/>, for a key that is no list of fields.</summary>
    /// <param name="index">The name of its index.</param>
    public static string UniqueIndex(string index) =>
        $"A row with the same key exists already, in the table or earlier in the upload: unique index \"{Shown(index)}\".";

    /// <summary>What a service that was asked for something had to say, or did not.</summary>
    /// <param name="service">The name of the service.</param>
    public static string OfService(string service, RecordErrorCode code) => $"The service \"{Shown(service)}\" " + code switch
    {
        RecordErrorCode.EnrichmentMissing => "knows nothing of this record.",
        RecordErrorCode.EnrichmentFailed => "has answered with an error, or with a value that its field cannot take.",
        RecordErrorCode.EnrichmentUnreachable => "could not be reached.",
        RecordErrorCode.EnrichmentTimeout => "has not answered in time.",
        RecordErrorCode.EnrichmentStatus => "has answered with a status that is no success.",
        RecordErrorCode.EnrichmentTooLarge => "has answered with more than it may (AnswerBytesMax).",
        RecordErrorCode.EnrichmentMalformed => "has not answered in the form that was agreed upon.",
        _ => "has answered to other questions than it was asked.",
    };

    /// <summary>A fault of the record as a whole, or of a field that the schema does not know.</summary>
    public static string For(RecordErrorCode code) => code switch
    {
        RecordErrorCode.TooFewFields => "The record has none of the fields of the schema.",
        RecordErrorCode.TooManyFields => "The record has more fields than there are columns.",
        RecordErrorCode.UnterminatedQuote => "A quoted field is not closed, text follows its closing quote, or nothing follows an escape.",
        RecordErrorCode.RecordTooLong => "The record is longer than the limit, Spool:RecordBytesMax.",
        RecordErrorCode.MalformedJson => "The record is not a well-formed JSON object: one complete object a line.",
        RecordErrorCode.InvalidUtf8 => "The record is not valid UTF-8.",
        RecordErrorCode.InvalidEncoding => "The record has bytes that are no character of its encoding.",
        RecordErrorCode.DuplicateField => "The record has a field twice.",
        RecordErrorCode.ForeignKey => "The row refers to a row that does not exist.",
        RecordErrorCode.Check => "The row violates a check constraint of the table.",
        RecordErrorCode.Expression => "The expression cannot be computed for this record.",
        RecordErrorCode.Database => "The database refused the row.",
        RecordErrorCode.Unmapped => "The transforms map this field, and their table has no such text: add it, or set \"else\".",
        RecordErrorCode.ResultTooLong => "The transforms make more than 64 MiB of the record.",
        RecordErrorCode.Require => "A condition of the dataset does not hold.",
        RecordErrorCode.LookupMissing => "The dataset that is looked up has no row of this key.",
        RecordErrorCode.ScoreInputMissing =>
            "The model needs this value, and the record has none: send it, or say under \"defaults\" of the op what stands for it.",
        RecordErrorCode.ScoreInputTooLarge => "The model's input cannot hold this number.",
        RecordErrorCode.ScoreNotFinite => "The model gives no finite number for this record, or none that the field can hold.",
        RecordErrorCode.ScoreFailed => "The model cannot take the values of this record, such as a category that it does not know.",
        RecordErrorCode.MoreErrors => "The record has more errors, not told here.",
        RecordErrorCode.NoItems => "The document has no array where dialect.items says that its records are; one without any has [] there.",
        RecordErrorCode.TooManyItems =>
            "The rows of the document's items would take more than 32 MiB of what the document has once: send it in parts.",
        RecordErrorCode.Unmended =>
            "The cells are not all that was sent: complete them from what stands under _raw, then empty that cell.",
        _ => $"The record violates \"{RecordErrorCodes.NameOf(code)}\".",
    };

    /// <summary>A record that is no well-formed JSON: how the sender's way of writing it most likely differs.</summary>
    public static string For(JsonLineShape line) => line switch
    {
        JsonLineShape.Array =>
            "The line looks like a part of a JSON array: send an array as application/json. NDJSON is one complete object a line, without "
            + "brackets and commas around it (jq -c '.[]' makes that of an array).",
        JsonLineShape.Fragment =>
            "The line has only a part of an object: NDJSON is one complete object a line (jq -c . makes that of objects over "
            + "several lines).",
        JsonLineShape.Objects =>
            "The line has more than one object: each needs a line of its own (curl -d strips line ends, --data-binary keeps "
            + "them).",
        JsonLineShape.Apostrophes =>
            "Names and texts of JSON stand in double quotes: write the records as JSON, as json.dumps does in Python.",
        JsonLineShape.Other =>
            "The line does not begin with a brace: NDJSON is one complete object a line. Send CSV as text/csv.",
        JsonLineShape.ValuesForObject =>
            "The line is an array of values: set dialect.itemType to \"array\" if all are. Otherwise records are one object a line.",
        JsonLineShape.BrokenArray => "The record is not a well-formed JSON array: one complete array a line.",
        JsonLineShape.ArrayPart =>
            "The line has only a part of an array: records are one complete array a line (jq -c '.[]' makes that of an array of arrays).",
        JsonLineShape.ObjectForArray =>
            "The line is an object, and by dialect.itemType records are arrays: send one array a line, or set it to \"object\".",
        JsonLineShape.OtherForArray =>
            "The line does not begin with a bracket: records are one complete array a line. Send CSV as text/csv.",
        JsonLineShape.NotFinite =>
            "JSON has no NaN and no Infinity: write null, or \"NaN\", \"INF\" or \"-INF\" in quotes, which a field of type number takes.",
        JsonLineShape.ForeignWord =>
            "A value is written as another language has it: in JSON it is null, true or false, in small letters (json.dumps writes them so "
            + "in Python).",
        JsonLineShape.BrokenElement => "The record is not well-formed JSON, or nested deeper than 64 levels.",
        JsonLineShape.ElementForObject =>
            "The record is no object: each is { … } with its values under their names. For arrays set dialect.itemType to \"array\".",
        JsonLineShape.ElementForArray =>
            "The record is no array, and by dialect.itemType records are: set it to \"object\", or send arrays.",
        _ => For(RecordErrorCode.MalformedJson),
    };

    /// <summary>A fault of one field's value.</summary>
    public static string For(FieldDefinition field, RecordErrorCode code)
    {
        FieldConstraints constraints = field.Constraints;
        return code switch
        {
            RecordErrorCode.TypeMismatch => $"Not {ExpectedForm.NameOf(field)}: expected {ExpectedForm.Of(field)}.{ExpectedForm.AdviceFor(field)}",
            RecordErrorCode.Required => "A value is required.",
            RecordErrorCode.Minimum => $"Must be at least {Shown(constraints.Minimum)}.",
            RecordErrorCode.Maximum => $"Must be at most {Shown(constraints.Maximum)}.",
            RecordErrorCode.ExclusiveMinimum => $"Must be greater than {Shown(constraints.ExclusiveMinimum)}.",
            RecordErrorCode.ExclusiveMaximum => $"Must be less than {Shown(constraints.ExclusiveMaximum)}.",
            RecordErrorCode.MinLength => $"Fewer than {Count(field, constraints.MinLength)}.",
            RecordErrorCode.MaxLength => $"More than {Count(field, LengthMax(field))}.",
            RecordErrorCode.Pattern => $"Does not match the pattern {Shown(constraints.Pattern)}.",
            RecordErrorCode.Enum => $"Must be one of {Members(field.Members)}.",
            RecordErrorCode.JsonSchema => "Does not conform to the field's JSON Schema.",
            RecordErrorCode.Format => ExpectedForm.OfFormat(field),
            RecordErrorCode.OutOfRange => RangeOf(field),
            RecordErrorCode.InvalidUtf8 => "Not valid UTF-8.",
            RecordErrorCode.NulCharacter => "Holds a NUL character (U+0000), which PostgreSQL cannot store.",
            RecordErrorCode.MalformedJson =>
                string.Create(CultureInfo.InvariantCulture, $"Nested deeper than {JsonGrammar.DepthMax} levels."),
            RecordErrorCode.DuplicateField => "A name occurs twice; only one of its values could be stored.",
            RecordErrorCode.Unique => Unique([field.Name]),
            RecordErrorCode.ForeignKey => "Refers to a row that does not exist.",
            _ => For(code),
        };
    }

    private static string RangeOf(FieldDefinition field) => field switch
    {
        { ColumnType: { Name: SqlTypeName.Numeric, Precision: int precision } column } => string.Create(
            CultureInfo.InvariantCulture,
            $"Does not fit {column} unrounded: at most {precision - column.Scale} digits before the point and "
            + $"{column.Scale} after it."),
        { ColumnType.Name: SqlTypeName.SmallInt } => "Out of the range of smallint, -32768 to 32767.",
        { ColumnType.Name: SqlTypeName.Integer } => "Out of the range of integer, -2147483648 to 2147483647.",
        { ColumnType.Name: SqlTypeName.BigInt } =>
            "Out of the range of bigint, -9223372036854775808 to 9223372036854775807.",
        { Type: FieldType.Date or FieldType.YearMonth } => "The year must be 0001 to 9999.",
        { Type: FieldType.Duration } => "Longer than PostgreSQL's interval can be, or finer than a microsecond.",
        { Type: FieldType.GeoPoint } => "Longitudes go from -180 to 180, latitudes from -90 to 90.",
        { Type: FieldType.List } => $"An item is out of the range of {field.ColumnType.Element}.",
        { Type: FieldType.Time } => "Finer than a microsecond.",
        { Type: FieldType.DateTime } => "The year is not 0001 to 9999, or the time is finer than a microsecond.",
        { Type: FieldType.Object or FieldType.Array or FieldType.GeoJson or FieldType.String } =>
            "Holds a number out of the range of PostgreSQL's numeric.",
        _ => $"Out of the range of {field.ColumnType}.",
    };

    /// <summary>The tighter of the constraint and the column's length.</summary>
    private static int? LengthMax(FieldDefinition field) =>
        field.ColumnType.Length is int column && !(field.Constraints.MaxLength < column)
            ? column
            : field.Constraints.MaxLength;

    private static string Count(FieldDefinition field, int? count)
    {
        string unit = field.Type switch
        {
            FieldType.Object or FieldType.GeoJson => "member",
            FieldType.Array => "element",
            FieldType.List => "item",
            _ => "character",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{count} {unit}{(count == 1 ? "" : "s")}");
    }

    internal static string Members(ImmutableArray<string> members)
    {
        string named = string.Join(", ", members.Take(MembersNamedMax).Select(Shown));
        int rest = members.Length - MembersNamedMax;
        return rest <= 0 ? named : string.Create(CultureInfo.InvariantCulture, $"{named} and {rest} more");
    }

    private static string? Shown(string? text) => text is null ? null : Excerpt.Of(text);
}
