using PipelineService.Client.Sample;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;

namespace PipelineService.Benchmarks.Micro;

/// <summary>One chunk of trips, of the size in which the service handles data, and the plan of their columns.</summary>
internal static class TripsChunk
{
    public const int Rows = 10_000;
    public const int RecordBytesMax = 1 << 20;

    private const int BytesMax = Rows * TripWriter.RecordBytesMax;

    /// <summary>About 1 MB of whole records, without a header.</summary>
    public static byte[] Create(DataFormat format)
    {
        byte[] buffer = new byte[BytesMax];
        int length = new TripsGenerator(new TripsOptions { Rows = Rows, Format = format }).Fill(buffer);
        int headerLength = format == DataFormat.Csv ? buffer.AsSpan().IndexOf((byte)'\n') + 1 : 0;
        return buffer[headerLength..length];
    }

    /// <summary>The compiled form of <see cref="TripsDefinition"/>.</summary>
    public static RowPlan Plan() => new(new DatasetDefinition
    {
        Schema = new TableSchema
        {
            Fields =
            [
                Field(TripColumn.TripId, FieldType.Integer) with { Constraints = new FieldConstraints { Required = true } },
                Field(TripColumn.Vendor, FieldType.String) with
                {
                    Constraints = new FieldConstraints
                    {
                        Enum = [.. Enumerable.Range(0, TripsDefinition.VendorCount)
                            .Select(v => System.Text.Encoding.UTF8.GetString(TripsDefinition.VendorText(v)))],
                    },
                },
                Field(TripColumn.PickupAt, FieldType.DateTime),
                Field(TripColumn.DropoffAt, FieldType.DateTime),
                Field(TripColumn.Passengers, FieldType.Integer) with
                {
                    SqlType = new SqlType(SqlTypeName.Integer),
                    Constraints = new FieldConstraints { Minimum = "1", Maximum = $"{TripsDefinition.PassengersMax}" },
                },
                Field(TripColumn.DistanceKm, FieldType.Number) with { SqlType = new SqlType(SqlTypeName.DoublePrecision) },
                Field(TripColumn.Fare, FieldType.Number) with
                {
                    SqlType = new SqlType(SqlTypeName.Numeric, Precision: 10, Scale: 2),
                    Constraints = new FieldConstraints { Minimum = "0" },
                },
                Field(TripColumn.Tip, FieldType.Number),
                Field(TripColumn.Paid, FieldType.Boolean),
                Field(TripColumn.ServiceDate, FieldType.Date),
                Field(TripColumn.Note, FieldType.String) with
                {
                    Constraints = new FieldConstraints { MaxLength = TripsDefinition.NoteLengthMax },
                },
            ],
        },
        Load = new LoadPolicy { Table = new TableName("public", "trips"), Lineage = false },
    });

    /// <summary>The fields of one column, as slices of the chunk.</summary>
    public static RecordValue[] FieldsOf(byte[] chunk, TripColumn column)
    {
        var record = new RecordValue[TripsDefinition.Columns.Length];
        var fields = new RecordValue[Rows];
        var reader = new CsvTokenizer(chunk, CsvDialect.Default, RecordBytesMax, skipBlankLines: true, record);
        for (int row = 0; reader.Read(out _); row++)
        {
            fields[row] = record[(int)column];
        }

        return fields;
    }

    private static FieldDefinition Field(TripColumn column, FieldType type) =>
        new() { Name = TripsDefinition.NameOf(column), Type = type };
}
