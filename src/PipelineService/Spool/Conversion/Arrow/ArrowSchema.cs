using System.Buffers.Binary;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>Reads the schema of a stream or a file. Source: https://github.com/apache/arrow/blob/main/format/Schema.fbs.</summary>
internal static class ArrowSchema
{
    private const int DepthMax = 64;

    /// <summary>Tables of metadata may be shared, so that a few kilobytes of it might stand for more fields than there is memory.</summary>
    private const int FieldsMax = 100_000;

    private static ReadOnlySpan<byte> ExtensionName => "ARROW:extension:name"u8;

    /// <exception cref="UnconvertibleException">It is damaged, or has what is not read.</exception>
    public static ArrowField[] Read(FlatTable schema)
    {
        if (schema.Short(0) != 0)
        {
            throw ArrowFaults.NotRead("numbers in big-endian order");
        }

        int left = FieldsMax;
        return FieldsOf(schema, slot: 1, depth: 0, ref left);
    }

    private static ArrowField[] FieldsOf(FlatTable parent, int slot, int depth, ref int left)
    {
        int count = parent.CountOf(slot);
        left -= count;
        if ((depth > DepthMax && count > 0) || left < 0)
        {
            throw ArrowFaults.NotRead(
                left >= 0 ? $"a column that is nested more than {DepthMax} levels deep" : $"more than {FieldsMax} fields");
        }

        var fields = new ArrowField[count];
        for (int i = 0; i < count; i++)
        {
            fields[i] = FieldOf(parent.TableOf(slot, i), depth, ref left);
        }

        return fields;
    }

    private static ArrowField FieldOf(FlatTable field, int depth, ref int left)
    {
        (long, ArrowType)? dictionary = null;
        if (field.Has(4))
        {
            FlatTable encoding = field.Table(4);
            ArrowType index = encoding.Has(1) ? IntOf(encoding.Table(1)) : new ArrowType(ArrowKind.Int) { Width = 32, IsSigned = true };
            dictionary = (encoding.Long(0), index);
        }

        var kind = (ArrowKind)field.Byte(2);
        ArrowField read = new(field.Text(0), TypeOf(kind, field), FieldsOf(field, slot: 5, depth + 1, ref left), dictionary)
        {
            Extension = ExtensionOf(field),
        };
        int? children = kind switch
        {
            ArrowKind.Struct or ArrowKind.Union => null,
            ArrowKind.List or ArrowKind.LargeList or ArrowKind.ListView or ArrowKind.LargeListView => 1,
            ArrowKind.FixedSizeList or ArrowKind.Map => 1,
            ArrowKind.RunEndEncoded => 2,
            _ => 0,
        };
        bool isRight = (children is null || read.Children.Length == children)
            && (kind != ArrowKind.Map || read.Children[0] is { Type.Kind: ArrowKind.Struct, Children.Length: 2 })
            && (kind != ArrowKind.RunEndEncoded
                || read.Children[0] is { Type: { Kind: ArrowKind.Int, IsSigned: true, Width: > 8 }, Dictionary: null });
        return isRight ? read : throw ArrowFaults.Damaged("a field does not have the parts that its type has");
    }

    private static ArrowType TypeOf(ArrowKind kind, FlatTable field)
    {
        FlatTable type = field.Table(3);
        return kind switch
        {
            ArrowKind.Int => IntOf(type),
            ArrowKind.FloatingPoint => new ArrowType(kind) { Width = 16 << UnitOf(type.Short(0), 2) },
            ArrowKind.Decimal => DecimalOf(type),
            ArrowKind.Date => new ArrowType(kind) { Unit = UnitOf(type.Short(0, otherwise: 1), 1) },
            ArrowKind.Time => TimeOf(type),
            ArrowKind.Timestamp => new ArrowType(kind) { Unit = UnitOf(type.Short(0), 3), HasZone = type.Vector(1, 1, out _).Length > 0 },
            ArrowKind.Interval => new ArrowType(kind) { Unit = UnitOf(type.Short(0), 2) },
            ArrowKind.Duration => new ArrowType(kind) { Unit = UnitOf(type.Short(0, otherwise: 1), 3) },
            ArrowKind.FixedSizeBinary or ArrowKind.FixedSizeList => new ArrowType(kind)
            {
                Width = type.Int(0) is >= 0 and int width ? width : throw ArrowFaults.Damaged("a width is negative"),
            },
            ArrowKind.Union => new ArrowType(kind) { IsDense = UnitOf(type.Short(0), 1) == 1, TypeIds = IdsOf(type) },
            > ArrowKind.None and <= ArrowKind.LargeListView => new ArrowType(kind),
            _ => throw ArrowFaults.NotRead($"a column of type {(byte)kind}"),
        };
    }

    private static ArrowType IntOf(FlatTable type) => type.Int(0) is (8 or 16 or 32 or 64) and int width
        ? new ArrowType(ArrowKind.Int) { Width = width, IsSigned = type.Bool(1) }
        : throw ArrowFaults.NotRead("integers of an unusual width");

    private static ArrowType DecimalOf(FlatTable type)
    {
        const int ScaleMax = 100; // of 76 digits at most
        int width = type.Int(2, otherwise: 128);
        int scale = type.Int(1);
        return width is 32 or 64 or 128 or 256 && Math.Abs((long)scale) <= ScaleMax
            ? new ArrowType(ArrowKind.Decimal) { Width = width, Scale = scale }
            : throw ArrowFaults.NotRead("decimals of an unusual width or scale");
    }

    private static ArrowType TimeOf(FlatTable type)
    {
        ArrowType time = new(ArrowKind.Time) { Unit = UnitOf(type.Short(0, otherwise: 1), 3), Width = type.Int(1, otherwise: 32) };
        return time.Width == (time.Unit < 2 ? 32 : 64) ? time : throw ArrowFaults.Damaged("a time has not the width of its unit");
    }

    private static int UnitOf(short unit, int max) =>
        unit >= 0 && unit <= max ? unit : throw ArrowFaults.NotRead("a unit, a precision or a mode that is not known");

    private static int[]? IdsOf(FlatTable union)
    {
        if (!union.Has(1))
        {
            return null;
        }

        ReadOnlySpan<byte> ids = union.Vector(1, sizeof(int), out int count);
        int[] read = new int[count];
        for (int i = 0; i < count; i++)
        {
            read[i] = BinaryPrimitives.ReadInt32LittleEndian(ids[(i * sizeof(int))..]);
        }

        return read;
    }

    private static string ExtensionOf(FlatTable field)
    {
        int count = field.CountOf(6);
        for (int i = 0; i < count; i++)
        {
            FlatTable pair = field.TableOf(6, i);
            if (pair.Vector(0, 1, out _).SequenceEqual(ExtensionName))
            {
                return pair.Text(1);
            }
        }

        return "";
    }
}
