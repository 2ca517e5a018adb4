using System.Buffers.Binary;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Geo;
using PipelineService.Core.Encoding.Json.Schemas;
using PipelineService.Core.Encoding.Text;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Json;

/// <summary>Objects, arrays and GeoJSON in json and jsonb columns, written as JSON in CSV or as they are in NDJSON.</summary>
internal sealed class JsonEncoder : FieldEncoder
{
    private readonly ValueKind _kind;
    private readonly byte _opening;
    private readonly SqlTypeName _column;
    private readonly int _countMin;
    private readonly int _countMax;
    private readonly bool _isGeoJson;
    private readonly bool _isTopoJson;
    private readonly JsonElement[] _members;
    private readonly JsonSchema? _schema;

    public JsonEncoder(FieldDefinition field)
    {
        bool isObject = field.Type is FieldType.Object or FieldType.GeoJson;
        _isTopoJson = field is { Type: FieldType.GeoJson, Format: FieldFormats.TopoJson };
        _isGeoJson = field.Type == FieldType.GeoJson && !_isTopoJson;
        _kind = isObject ? ValueKind.Object : ValueKind.Array;
        _opening = isObject ? (byte)'{' : (byte)'[';
        _column = field.ColumnType.Name;
        _countMin = field.Constraints.MinLength ?? 0;
        _countMax = field.Constraints.MaxLength ?? int.MaxValue;
        _members = [.. field.Constraints.Enum.Select(member => ParseMember(field, member))];
        _schema = field.Constraints.JsonSchema is string schema ? Compile(schema) : null;
    }

    public override RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        if (JsonScanner.FirstByte(text) != _opening)
        {
            return RecordErrorCode.TypeMismatch;
        }

        RecordErrorCode code = JsonScanner.Scan(text, out int count);
        if (code == RecordErrorCode.None)
        {
            code = Check(count, text);
        }

        if (code == RecordErrorCode.None)
        {
            JsonBinary.Write(_column, text, rows);
        }

        return code;
    }

    public override RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows) =>
        kind == _kind ? Encode(json, rows) : RecordErrorCode.TypeMismatch;

    private RecordErrorCode Check(int count, ReadOnlySpan<byte> json)
    {
        if (count < _countMin)
        {
            return RecordErrorCode.MinLength;
        }

        if (count > _countMax)
        {
            return RecordErrorCode.MaxLength;
        }

        if ((_isGeoJson && !GeoJson.IsObject(json)) || (_isTopoJson && !TopoJson.IsTopology(json)))
        {
            return RecordErrorCode.Format;
        }

        return _members.Length > 0 && !IsMember(json) ? RecordErrorCode.Enum
            : _schema is not null && !_schema.Accepts(json) ? RecordErrorCode.JsonSchema
            : RecordErrorCode.None;
    }

    /// <summary>Equal as values: blanks, order of members and the writing of numbers do not count. This allocates.</summary>
    private bool IsMember(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        using var document = JsonDocument.ParseValue(ref reader);
        foreach (JsonElement member in _members)
        {
            if (JsonElement.DeepEquals(document.RootElement, member))
            {
                return true;
            }
        }

        return false;
    }

    private static JsonSchema Compile(string schema) =>
        JsonSchema.Compile(JsonElement.Parse(schema), out IReadOnlyList<JsonSchemaFault> faults)
        ?? throw new FieldFaultException($"jsonSchema{faults[0].Pointer}: {faults[0].Sentence}");

    private JsonElement ParseMember(FieldDefinition field, string text)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        return JsonScanner.FirstByte(bytes) == _opening && JsonScanner.Scan(bytes, out _) == RecordErrorCode.None
            ? JsonElement.Parse(bytes)
            : throw BoundText.Fault(field, "enum", text);
    }
}

/// <summary>Strings that hold JSON of any kind, in json and jsonb columns.</summary>
internal sealed class JsonTextEncoder(FieldDefinition field) : FieldEncoder
{
    private readonly TextRules _rules = new(field);
    private readonly SqlTypeName _column = field.ColumnType.Name;

    public override RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        RecordErrorCode code = _rules.Check(text);
        if (code == RecordErrorCode.None)
        {
            code = JsonScanner.Scan(text, out _);
        }

        if (code == RecordErrorCode.None)
        {
            JsonBinary.Write(_column, text, rows);
        }

        return code;
    }

    public override RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows) =>
        RecordErrorCode.TypeMismatch;
}

/// <summary>Binary forms: json is its text; jsonb a version byte, then the text (jsonb_recv in utils/adt/jsonb.c).</summary>
file static class JsonBinary
{
    private const byte JsonbVersion = 1;

    public static void Write(SqlTypeName column, ReadOnlySpan<byte> json, RowBuffer rows)
    {
        if (column == SqlTypeName.Json)
        {
            rows.WriteBytesField(json);
            return;
        }

        int length = sizeof(byte) + json.Length;
        Span<byte> field = rows.GetSpan(sizeof(int) + length);
        BinaryPrimitives.WriteInt32BigEndian(field, length);
        field[sizeof(int)] = JsonbVersion;
        json.CopyTo(field[(sizeof(int) + sizeof(byte))..]);
        rows.Advance(sizeof(int) + length);
    }
}
