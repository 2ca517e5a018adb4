using System.Buffers.Binary;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Numbers;

namespace PipelineService.Core.Encoding.Lists;

/// <summary>
/// PostgreSQL's binary form of arrays: dimensions, whether there are NULLs, the OID of the elements' type, length and lower
/// bound of each dimension, then the elements with their lengths. Source: array_recv in utils/adt/arrayfuncs.c.
/// </summary>
internal static class ArrayBinary
{
    /// <summary>Of an array of one dimension; an empty one has only the first three numbers.</summary>
    public const int HeaderBytes = 5 * sizeof(int);

    private const int EmptyBytes = 3 * sizeof(int);

    /// <summary>Starts an array as a field; the elements follow, each with its length.</summary>
    /// <returns>What <see cref="End"/> takes.</returns>
    public static int Begin(SqlTypeName element, RowBuffer rows)
    {
        int start = rows.BeginField();
        rows.WriteInt32(1);
        rows.WriteInt32(0);
        rows.WriteInt32(OidOf(element) ?? throw new InvalidOperationException($"No array of {element}."));
        rows.WriteInt32(0);
        rows.WriteInt32(1);
        return start;
    }

    /// <summary>Finishes the array that was begun.</summary>
    public static void End(int start, int count, RowBuffer rows)
    {
        if (count == 0)
        {
            rows.WriteInt32At(start, 0);
            rows.Truncate(start + EmptyBytes);
        }
        else
        {
            rows.WriteInt32At(start + EmptyBytes, count);
        }

        rows.EndField(start);
    }

    /// <summary>The elements with their lengths, of an array of at most one dimension.</summary>
    public static ReadOnlySpan<byte> Elements(ReadOnlySpan<byte> array) =>
        array.Length <= HeaderBytes ? default : array[HeaderBytes..];

    /// <summary>Takes the first element off.</summary>
    public static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> elements)
    {
        int length = BinaryPrimitives.ReadInt32BigEndian(elements);
        ReadOnlySpan<byte> element = elements.Slice(sizeof(int), length);
        elements = elements[(sizeof(int) + length)..];
        return element;
    }

    /// <summary>Whether two arrays have equal elements: 1.0 is 1, also where the scale is kept.</summary>
    public static bool AreEqual(SqlTypeName element, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (element != SqlTypeName.Numeric || left.Length < HeaderBytes || right.Length < HeaderBytes
            || !left[..HeaderBytes].SequenceEqual(right[..HeaderBytes]))
        {
            return left.SequenceEqual(right);
        }

        ReadOnlySpan<byte> first = Elements(left);
        ReadOnlySpan<byte> second = Elements(right);
        while (!first.IsEmpty)
        {
            if (NumericBinary.Compare(Take(ref first), Take(ref second)) != 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// The number of a type, the same in every database; null where lists do not have such items. Source: catalog/pg_type.dat.
    /// </summary>
    public static int? OidOf(SqlTypeName element) => element switch
    {
        SqlTypeName.Text => 25,
        SqlTypeName.Varchar => 1043,
        SqlTypeName.Uuid => 2950,
        SqlTypeName.SmallInt => 21,
        SqlTypeName.Integer => 23,
        SqlTypeName.BigInt => 20,
        SqlTypeName.Real => 700,
        SqlTypeName.DoublePrecision => 701,
        SqlTypeName.Numeric => 1700,
        SqlTypeName.Boolean => 16,
        SqlTypeName.Date => 1082,
        SqlTypeName.Time => 1083,
        SqlTypeName.Timestamp => 1114,
        SqlTypeName.TimestampTz => 1184,
        SqlTypeName.Json => 114,
        SqlTypeName.Jsonb => 3802,
        _ => null,
    };
}
