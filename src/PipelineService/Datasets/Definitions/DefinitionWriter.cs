using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions.Transforms;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// Writes a definition in its canonical form, every default filled in: what is stored and what clients get back. Reading
/// it again gives an equal definition.
/// </summary>
public static class DefinitionWriter
{
    /// <summary>Bounds longer than this are written as text: jsonb does not take numbers of any size.</summary>
    private const int NumberLengthMax = 40;

    public static string Write(DatasetDefinition definition) =>
        JsonSerializer.Serialize(ToDocument(definition), PipelineJson.Options);

    public static DefinitionDocument ToDocument(DatasetDefinition definition) => new()
    {
        Title = definition.Title,
        Description = definition.Description,
        Format = DefinitionWords.Formats.WordFor(definition.Format),
        Encoding = definition.Encoding.Name,
        Compression = definition.Compression == FileCompression.None
            ? null
            : DefinitionWords.Compressions.WordFor(definition.Compression),
        Dialect = ToDocument(definition.Dialect) with
        {
            ItemType = definition.Items.AreArrays ? DefinitionWords.JsonItemTypes.WordFor(definition.Items.Type) : null,
            ItemKeys = definition.Items.Keys.IsEmpty ? null : definition.Items.Keys,
            Property = definition.Items.Property,
            Items = definition.Items.Path,
        },
        Schema = new SchemaDocument
        {
            Fields = [.. definition.Schema.Fields.Select(ToDocument)],
            FieldsMatch = definition.Schema.FieldsMatch is FieldsMatch match
                ? DefinitionWords.FieldsMatches.WordFor(match)
                : null,
            MissingValues = LabelledTexts.Write(definition.Schema.MissingValues, ToText),
            PrimaryKey = definition.Schema.PrimaryKey,
            UniqueKeys = definition.Schema.UniqueKeys.IsEmpty ? null : [.. definition.Schema.UniqueKeys.Select(key => key.ToArray())],
            ForeignKeys = definition.Schema.ForeignKeys.IsEmpty ? null : [.. definition.Schema.ForeignKeys.Select(ToDocument)],
            Rest = definition.Schema.Rest,
        },
        Transforms = definition.Transforms.IsEmpty ? null : [.. definition.Transforms.Select(TransformWriter.ToDocument)],
        Load = new LoadDocument
        {
            Table = TableNameText.Format(definition.Load.Table),
            Mode = DefinitionWords.Modes.WordFor(definition.Load.Mode),
            Commit = DefinitionWords.Commits.WordFor(definition.Load.Commit),
            Lineage = definition.Load.Lineage,
            KeepUpload = definition.Load.KeepUpload is { } time ? DurationText.Format(time) : null,
        },
        Rejects = new RejectsDocument
        {
            MaxCount = definition.Rejects.MaxCount,
            MaxRatio = definition.Rejects.MaxRatio,
        },
        Lookup = definition.Lookup is { } lookup
            ? new LookupDocument { Key = lookup.Key, MemoryBytesMax = lookup.MemoryBytesMax }
            : null,
        Profile = definition.Profile ? JsonElement.Parse("true") : null,
        Quality = definition.Quality is { } quality ? QualityDocument.Of(quality) : null,
        Views = definition.Views.IsEmpty ? null : [.. definition.Views.Select(ViewDocument.Of)],
        Tests = definition.Tests.IsEmpty ? null : [.. definition.Tests.Select(ToDocument)],
    };

    private static TestDocument ToDocument(DatasetTest test) => new()
    {
        Record = JsonElement.Parse(test.Record),
        Lookups = test.Lookups.IsEmpty
            ? null
            : JsonSerializer.SerializeToElement(
                test.Lookups.ToDictionary(rows => rows.Key, rows => rows.Value.Select(row => JsonElement.Parse(row))),
                PipelineJson.Options),
        Services = test.Services.IsEmpty
            ? null
            : JsonSerializer.SerializeToElement(
                test.Services.ToDictionary(answers => answers.Key, answers => answers.Value.Select(answer => JsonElement.Parse(answer))),
                PipelineJson.Options),
        Row = test.Row is null ? null : JsonElement.Parse(test.Row),
        Rejected = test.Outcome == TestOutcome.Rejected ? test.Reason : null,
        Filtered = test.Outcome != TestOutcome.Filtered ? null
            : test.Reason is null ? JsonElement.Parse("true")
            : JsonSerializer.SerializeToElement(test.Reason, PipelineJson.Options),
    };

    private static ForeignKeyDocument ToDocument(ForeignKey key) => new()
    {
        Fields = key.Fields,
        Reference = new ReferenceDocument { Resource = key.Resource, Fields = key.ReferenceFields },
    };

    private static DialectDocument ToDocument(CsvDialect dialect) => new()
    {
        Delimiter = dialect.Delimiter,
        LineTerminator = dialect.LineTerminator,
        QuoteChar = dialect.QuoteChar,
        DoubleQuote = dialect.DoubleQuote,
        EscapeChar = dialect.EscapeChar,
        SkipInitialSpace = dialect.SkipInitialSpace,
        NullSequence = dialect.NullSequence,
        Header = dialect.Header,
        HeaderRows = dialect.Header ? dialect.HeaderRows : null,
        HeaderJoin = dialect.HeaderJoin,
        HeaderMatch = DefinitionWords.HeaderMatches.WordFor(dialect.HeaderMatch),
        CommentRows = dialect.CommentRows.IsEmpty ? null : dialect.CommentRows,
        CommentChar = dialect.CommentChar,
        RaggedRows = DefinitionWords.RaggedRowWords.WordFor(dialect.RaggedRows),
        SheetName = dialect.SheetName,
        SheetNumber = dialect.SheetNumber,
    };

    private static FieldDocument ToDocument(FieldDefinition field)
    {
        bool isNumeric = field.Type is FieldType.Number or FieldType.Integer;
        bool isList = field.Type == FieldType.List;
        bool isBoolean = field.Type == FieldType.Boolean;
        return new FieldDocument
        {
            Name = field.Name,
            Type = DefinitionWords.FieldTypes.WordFor(field.Type),
            Title = field.Title,
            Description = field.Description,
            Source = field.Source,
            Path = field.Path?.Text,
            Format = field.Format == FieldFormats.Default ? null : field.Format,
            SqlType = field.ColumnType.ToString(),
            Constraints = ToDocument(field.Constraints, isNumeric || field.Type == FieldType.Year),
            MissingValues = field.MissingValues is { } missing ? LabelledTexts.Write(missing, ToText) : null,
            Categories = field.Categories.IsEmpty ? null : LabelledTexts.Write(field.Categories, c => ToScalar(c, isNumeric)),
            CategoriesOrdered = field.CategoriesOrdered,
            DecimalChar = field.Type == FieldType.Number ? field.DecimalChar : null,
            GroupChar = isNumeric ? field.GroupChar : null,
            BareNumber = isNumeric ? field.BareNumber : null,
            TrueValues = isBoolean ? field.TrueValues : null,
            FalseValues = isBoolean ? field.FalseValues : null,
            Delimiter = isList ? field.Delimiter : null,
            ItemType = isList ? DefinitionWords.ItemTypes.WordFor(field.ItemType) : null,
        };
    }

    private static ConstraintsDocument ToDocument(FieldConstraints constraints, bool isNumeric) => new()
    {
        Required = constraints.Required,
        Unique = constraints.Unique ? true : null,
        Minimum = constraints.Minimum is string minimum ? ToScalar(minimum, isNumeric) : null,
        Maximum = constraints.Maximum is string maximum ? ToScalar(maximum, isNumeric) : null,
        ExclusiveMinimum = constraints.ExclusiveMinimum is string above ? ToScalar(above, isNumeric) : null,
        ExclusiveMaximum = constraints.ExclusiveMaximum is string below ? ToScalar(below, isNumeric) : null,
        MinLength = constraints.MinLength,
        MaxLength = constraints.MaxLength,
        Pattern = constraints.Pattern,
        JsonSchema = constraints.JsonSchema is string schema ? JsonElement.Parse(schema) : null,
        Enum = constraints.Enum.IsEmpty ? null : [.. constraints.Enum.Select(member => ToScalar(member, isNumeric))],
    };

    /// <summary>A plain number of a numeric field as a JSON number, digit for digit; everything else as text.</summary>
    private static JsonElement ToScalar(string text, bool isNumeric) =>
        isNumeric && IsPlainNumber(text)
            ? JsonElement.Parse(text)
            : ToText(text);

    private static JsonElement ToText(string text) => JsonSerializer.SerializeToElement(text, PipelineJson.Options);

    private static bool IsPlainNumber(string text)
    {
        ReadOnlySpan<char> digits = text.StartsWith('-') ? text.AsSpan(1) : text;
        int point = digits.IndexOf('.');
        ReadOnlySpan<char> whole = point < 0 ? digits : digits[..point];
        ReadOnlySpan<char> fraction = point < 0 ? "0" : digits[(point + 1)..];
        return text.Length <= NumberLengthMax
            && !whole.IsEmpty && !fraction.IsEmpty
            && !whole.ContainsAnyExceptInRange('0', '9') && !fraction.ContainsAnyExceptInRange('0', '9')
            && (whole.Length == 1 || whole[0] != '0')
            && text != "-0";
    }
}
