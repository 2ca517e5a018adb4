using System.Text.Json;
using DuckDB.NET.Native;
using PipelineService.Core.Parsing.Packed;

namespace PipelineService.Spool.Conversion.Parquet;

/// <summary>What writes each type of a column.</summary>
internal static class VectorWriters
{
    private const int DepthMax = 64;

    /// <summary>Of a column of the file.</summary>
    /// <param name="type">That of its values.</param>
    /// <param name="wanted">What the dataset wants of them.</param>
    /// <param name="packed">The binary form in which it takes them.</param>
    /// <exception cref="UnconvertibleException">It holds what is not read.</exception>
    public static VectorWriter Of(DuckDBLogicalType type, WantedForm wanted, PackedTag packed = PackedTag.Null)
    {
        VectorWriter writer = Of(type, isBase64: wanted == WantedForm.Base64, depth: 0, packed);
        return wanted is not (WantedForm.Text or WantedForm.Base64) || writer is TextualWriter or ListWriter or ArrayWriter or StructWriter or MapWriter
            ? writer
            : new QuotedWriter(writer);
    }

    /// <param name="isBase64">How bytes are written.</param>
    private static VectorWriter Of(DuckDBLogicalType type, bool isBase64, int depth, PackedTag packed)
    {
        DuckDBType id = NativeMethods.LogicalType.DuckDBGetTypeId(type);
        return id switch
        {
            DuckDBType.Boolean => new BooleanWriter(),
            DuckDBType.TinyInt => new IntegerWriter<sbyte>(packed),
            DuckDBType.SmallInt => new IntegerWriter<short>(packed),
            DuckDBType.Integer => new IntegerWriter<int>(packed),
            DuckDBType.BigInt => new IntegerWriter<long>(packed),
            DuckDBType.UnsignedTinyInt => new IntegerWriter<byte>(packed),
            DuckDBType.UnsignedSmallInt => new IntegerWriter<ushort>(packed),
            DuckDBType.UnsignedInteger => new IntegerWriter<uint>(packed),
            DuckDBType.UnsignedBigInt => new IntegerWriter<ulong>(packed),
            DuckDBType.HugeInt => new IntegerWriter<Int128>(packed),
            DuckDBType.UnsignedHugeInt => new IntegerWriter<UInt128>(packed),
            DuckDBType.Float => new FloatWriter(packed),
            DuckDBType.Double => new DoubleWriter(packed),
            DuckDBType.Decimal => new DecimalWriter(
                NativeMethods.LogicalType.DuckDBDecimalInternalType(type), NativeMethods.LogicalType.DuckDBDecimalScale(type), packed),
            DuckDBType.Varchar => new BytesWriter(BytesKind.Text),
            DuckDBType.Blob => new BytesWriter(isBase64 || depth > 0 ? BytesKind.Binary : BytesKind.Text),
            DuckDBType.Uuid => new UuidWriter(),
            DuckDBType.Enum => new EnumWriter(NativeMethods.LogicalType.DuckDBEnumInternalType(type), LabelsOf(type)),
            DuckDBType.Date => new DateWriter(packed),
            DuckDBType.Time => new TimeWriter(nanoseconds: 1000),
            DuckTypes.TimeNs => new TimeWriter(nanoseconds: 1),
            DuckDBType.TimeTz => new TimeWithZoneWriter(),
            DuckDBType.TimestampS => new TimestampWriter(1_000_000_000, isInUtc: false, packed),
            DuckDBType.TimestampMs => new TimestampWriter(1_000_000, isInUtc: false, packed),
            DuckDBType.Timestamp => new TimestampWriter(1000, isInUtc: false, packed),
            DuckDBType.TimestampNs => new TimestampWriter(1, isInUtc: false, packed),
            DuckDBType.TimestampTz => new TimestampWriter(1000, isInUtc: true, packed),
            DuckDBType.Interval => new IntervalWriter(),
            DuckDBType.SqlNull => new NullWriter(),
            DuckDBType.List or DuckDBType.Array or DuckDBType.Struct or DuckDBType.Map when depth >= DepthMax =>
                throw new UnconvertibleException($"A column is nested more than {DepthMax} levels deep."),
            DuckDBType.List => new ListWriter(OfPart(NativeMethods.LogicalType.DuckDBListTypeChildType(type), depth)),
            DuckDBType.Array => new ArrayWriter(
                OfPart(NativeMethods.LogicalType.DuckDBArrayTypeChildType(type), depth),
                (ulong)NativeMethods.LogicalType.DuckDBArrayVectorGetSize(type)),
            DuckDBType.Struct => OfStruct(type, depth),
            DuckDBType.Map => new MapWriter(
                OfPart(NativeMethods.LogicalType.DuckDBMapTypeKeyType(type), depth),
                OfPart(NativeMethods.LogicalType.DuckDBMapTypeValueType(type), depth)),
            _ => throw new UnconvertibleException($"A nested column holds a type that is not read ({id})."),
        };
    }

    private static VectorWriter OfPart(DuckDBLogicalType type, int depth)
    {
        using (type)
        {
            return Of(type, isBase64: false, depth + 1, PackedTag.Null);
        }
    }

    private static StructWriter OfStruct(DuckDBLogicalType type, int depth)
    {
        int count = (int)NativeMethods.LogicalType.DuckDBStructTypeChildCount(type);
        byte[][] names = new byte[count][];
        var members = new VectorWriter[count];
        for (int i = 0; i < count; i++)
        {
            string name = JsonEncodedText.Encode(NativeMethods.LogicalType.DuckDBStructTypeChildName(type, i)).ToString();
            names[i] = System.Text.Encoding.UTF8.GetBytes($"{(i == 0 ? "" : ",")}\"{name}\":");
            members[i] = OfPart(NativeMethods.LogicalType.DuckDBStructTypeChildType(type, i), depth);
        }

        return new StructWriter(names, members);
    }

    private static byte[][] LabelsOf(DuckDBLogicalType type) =>
    [
        .. Enumerable.Range(0, (int)NativeMethods.LogicalType.DuckDBEnumDictionarySize(type))
            .Select(i => System.Text.Encoding.UTF8.GetBytes(NativeMethods.LogicalType.DuckDBEnumDictionaryValue(type, i))),
    ];
}
