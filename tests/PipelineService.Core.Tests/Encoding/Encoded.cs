using System.Buffers.Binary;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Encoding;

/// <summary>What an encoder made of a value: a code, and the bytes after the length prefix when there is no error.</summary>
internal sealed record Encoded(RecordErrorCode Code, byte[] Bytes)
{
    public string Hex => Code == RecordErrorCode.None ? Convert.ToHexString(Bytes) : Code.ToString();

    public static FieldDefinition Field(FieldType type, SqlType? column = null, FieldConstraints? constraints = null)
    {
        constraints ??= FieldConstraints.None;
        return new() { Name = "f", Type = type, SqlType = column, Constraints = constraints };
    }

    public static FieldDefinition Field(FieldType type, SqlTypeName column, FieldConstraints? constraints = null) =>
        Field(type, new SqlType(column), constraints);

    public static Encoded Text(FieldDefinition field, string text) =>
        Text(field, System.Text.Encoding.UTF8.GetBytes(text));

    public static Encoded Text(FieldDefinition field, byte[] text)
    {
        var rows = new RowBuffer(initialBytes: 0);
        rows.BeginRow(1);
        return Read(FieldEncoders.Create(field).Encode(text, rows), rows);
    }

    public static Encoded Json(FieldDefinition field, string json)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(json);
        var rows = new RowBuffer(initialBytes: 0);
        rows.BeginRow(1);
        return Read(FieldEncoders.Create(field).EncodeJson(JsonValues.KindOf(bytes[0]), bytes, rows), rows);
    }

    /// <summary>Takes the field out of the row and checks that its length prefix covers the row's rest exactly.</summary>
    private static Encoded Read(RecordErrorCode code, RowBuffer rows)
    {
        if (code != RecordErrorCode.None)
        {
            return new Encoded(code, []);
        }

        rows.EndRow(1, 1, 0, 0);
        ReadOnlySpan<byte> row = rows.RowBytes(0, 1).Span;
        Assert.Equal(1, BinaryPrimitives.ReadInt16BigEndian(row));
        Assert.Equal(row.Length - 6, BinaryPrimitives.ReadInt32BigEndian(row[2..]));
        return new Encoded(code, row[6..].ToArray());
    }
}
