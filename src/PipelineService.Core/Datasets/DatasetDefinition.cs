using System.Collections.Immutable;
using PipelineService.Core.Datasets.Transforms;

namespace PipelineService.Core.Datasets;

/// <summary>
/// What a client declares once for a kind of data: how it is written, what its fields mean and where it goes. Already
/// checked: a definition in this form has no faults.
/// </summary>
/// <remarks>
/// The vocabulary is the Frictionless Data Resource with Table Schema and Table Dialect (Data Package 2.0), plus what
/// loading needs. Source: https://datapackage.org/standard/data-resource/.
/// </remarks>
public sealed record DatasetDefinition
{
    public string? Title { get; init; }

    public string? Description { get; init; }

    /// <summary>The format that the data usually comes in; an upload's Content-Type decides for that upload.</summary>
    public DataFormat Format { get; init; } = DataFormat.Csv;

    /// <summary>How its files are compressed.</summary>
    public FileCompression Compression { get; init; } = FileCompression.None;

    /// <summary>What encoding its texts have; an upload's charset decides beside UTF-8.</summary>
    public TextEncoding Encoding { get; init; } = TextEncoding.Utf8;

    public CsvDialect Dialect { get; init; } = CsvDialect.Default;

    /// <summary>What a record of an upload of JSON is.</summary>
    public JsonItems Items { get; init; } = JsonItems.Default;

    public required TableSchema Schema { get; init; }

    /// <summary>What is done to each record before it is stored, in this order.</summary>
    public ImmutableArray<TransformOp> Transforms { get; init; } = [];

    public required LoadPolicy Load { get; init; }

    public RejectLimits Rejects { get; init; } = RejectLimits.None;

    /// <summary>What it takes for other datasets to look its rows up; null: they cannot.</summary>
    public LookupPolicy? Lookup { get; init; }

    /// <summary>Whether it is asked to tell what the rows of each job are like.</summary>
    public bool Profile { get; init; }

    /// <summary>What the rows of an upload must be like; null: nothing is asked.</summary>
    public QualityPolicy? Quality { get; init; }

    /// <summary>Whether the rows of each job are counted and measured: it is asked for, or rules need it.</summary>
    public bool IsProfiled => Profile || Quality is not null;

    /// <summary>Figures of groups of its rows that are kept.</summary>
    public ImmutableArray<ViewDefinition> Views { get; init; } = [];

    /// <summary>Examples of what it does, run when it is declared.</summary>
    public ImmutableArray<DatasetTest> Tests { get; init; } = [];

    /// <summary>
    /// What a row has a column for: the fields of the schema, and behind them the fields that only transforms set, which nobody expects
    /// in the data.
    /// </summary>
    public ImmutableArray<FieldDefinition> Columns => Transforms.IsEmpty ? Schema.Fields : [.. FieldScope.Of(this).Fields];

    /// <summary>Whether an op says of a field that it holds personal data.</summary>
    public bool HasPersonalData => Transforms.Any(op => op is PrivacyOp { Pii: true } or LookupOp { Pii: true } or HttpOp { Pii: true });

    /// <summary>The columns that hold personal data, by their names: those on which an op says so.</summary>
    public IReadOnlySet<string> PersonalColumns()
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        FieldScope scope = new(Schema);
        for (int op = 0; op < Transforms.Length; op++)
        {
            names.UnionWith(Transforms[op] switch
            {
                PrivacyOp { Pii: true } privacy => scope.FieldsOf(privacy).Select(index => scope.Fields[index].Name),
                LookupOp { Pii: true } or HttpOp { Pii: true } => Transforms[op].Sets.Select(set => set.Name),
                _ => [],
            });
            scope.AddSetsOf(Transforms[op], op);
        }

        return names;
    }

    /// <summary>The same with other SQL types of its columns.</summary>
    /// <param name="types">One for each of the <see cref="Columns"/>; null is the default of the field's type.</param>
    public DatasetDefinition WithColumnTypes(IReadOnlyList<SqlType?> types)
    {
        IReadOnlyList<FieldPlace> places = FieldScope.Of(this).Places;
        var fields = Schema.Fields.ToBuilder();
        var transforms = Transforms.ToBuilder();
        for (int column = 0; column < types.Count; column++)
        {
            (int op, int index) = places[column];
            if (places[column].IsInSchema)
            {
                fields[index] = fields[index] with { SqlType = types[column] };
            }
            else
            {
                SetField set = transforms[op].Sets[index] with { SqlType = types[column] };
                transforms[op] = transforms[op] with { Sets = transforms[op].Sets.SetItem(index, set) };
            }
        }

        return this with
        {
            Schema = Schema with { Fields = fields.DrainToImmutable() },
            Transforms = transforms.DrainToImmutable(),
        };
    }
}

/// <summary>How the records of an upload are written.</summary>
public enum DataFormat
{
    Csv,

    /// <summary>One record of JSON a line.</summary>
    Ndjson,

    /// <summary>One JSON document: an array of records, or an object that has it.</summary>
    Json,

    /// <summary>A JSON text sequence (RFC 7464).</summary>
    JsonSequence,

    /// <summary>An Apache Parquet file.</summary>
    Parquet,

    /// <summary>A workbook of a spreadsheet (Office Open XML).</summary>
    Xlsx,

    /// <summary>Apache Arrow IPC: a stream or a file.</summary>
    Arrow,
}

/// <summary>Where the rows go and when they become visible.</summary>
public sealed record LoadPolicy
{
    public required TableName Table { get; init; }

    /// <summary>What becomes of the rows that are there.</summary>
    public LoadMode Mode { get; init; }

    public CommitPolicy Commit { get; init; } = CommitPolicy.Job;

    /// <summary>Whether rows carry <c>_job_id uuid</c> and <c>_record bigint</c>.</summary>
    public bool Lineage { get; init; } = true;

    /// <summary>How long the bytes of an upload stay after its job's end; null: they go with it.</summary>
    public TimeSpan? KeepUpload { get; init; }
}

/// <summary>What the rows of an upload are to those that the table has.</summary>
public enum LoadMode
{
    /// <summary>They come in addition.</summary>
    Append,

    /// <summary>They take the place of all of them, in one moment.</summary>
    Replace,
}

/// <summary>When rows become visible: all at the end of the job, or chunk by chunk as they land.</summary>
public enum CommitPolicy
{
    Job,
    Chunk,
}

/// <summary>A table by schema and name, both as PostgreSQL stores them (not quoted).</summary>
public sealed record TableName(string Schema, string Name)
{
    /// <summary>Both parts quoted, fit to stand in SQL text.</summary>
    public string Quoted => $"{Identifier.Quote(Schema)}.{Identifier.Quote(Name)}";

    public override string ToString() => $"{Schema}.{Name}";
}

/// <summary>How many rejected records a job bears before it fails; null is no limit.</summary>
/// <param name="MaxCount">Rejected records, at least 0.</param>
/// <param name="MaxRatio">Rejected records divided by records read, 0 to 1; looked at from the first
/// <see cref="RatioRecordsMin"/> records on, and once more at the end.</param>
public sealed record RejectLimits(long? MaxCount, double? MaxRatio)
{
    /// <summary>A ratio over fewer records than this says little; a job is not stopped early on it.</summary>
    public const long RatioRecordsMin = 1_000;

    public static RejectLimits None { get; } = new(null, null);

    /// <summary>Whether a job that has read and rejected so many records must fail.</summary>
    /// <param name="read">Records read so far.</param>
    /// <param name="rejected">Records rejected so far.</param>
    /// <param name="isFinal">True once every record has been read.</param>
    public bool AreExceededBy(long read, long rejected, bool isFinal) =>
        rejected > MaxCount
        || (MaxRatio is double ratio && (isFinal || read >= RatioRecordsMin) && rejected > ratio * read);
}
