using System.Runtime.InteropServices;
using System.Text.Json;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using DuckDB.NET.Native;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Loads;

/// <summary>Trips column by column, with the types that their values have.</summary>
internal static class ColumnarTrips
{
    private const int RowsOfBatch = 65_536;

    /// <summary>As DuckDB writes Parquet when nobody says otherwise.</summary>
    public static void WriteParquet(string csvPath, string path)
    {
        if (NativeMethods.Startup.DuckDBOpen(":memory:", out DuckDBDatabase database) != DuckDBState.Success)
        {
            throw new CheckFailedException("DuckDB does not start.");
        }

        using (database)
        {
            NativeMethods.Startup.DuckDBConnect(database, out DuckDBNativeConnection connection);
            using (connection)
            {
                DuckDBState state = NativeMethods.Query.DuckDBQuery(connection, $$"""
                    COPY (SELECT * FROM read_csv('{{csvPath}}', header = true, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = true, columns = {
                        'trip_id': 'BIGINT', 'vendor': 'VARCHAR', 'pickup_at': 'TIMESTAMPTZ', 'dropoff_at': 'TIMESTAMPTZ', 'passengers': 'INTEGER',
                        'distance_km': 'DOUBLE', 'fare': 'DECIMAL(10,2)', 'tip': 'DECIMAL(10,2)', 'paid': 'BOOLEAN', 'service_date': 'DATE', 'note': 'VARCHAR' }))
                    TO '{{path}}' (FORMAT parquet)
                    """, out DuckDBResult result);
                string? error = state == DuckDBState.Success ? null : NativeMethods.Query.DuckDBResultError(ref result);
                NativeMethods.Query.DuckDBDestroyResult(ref result);
                if (error is not null)
                {
                    throw new CheckFailedException(error);
                }
            }
        }
    }

    /// <summary>A stream of batches, which is not compressed; vendors stand in a dictionary.</summary>
    public static async Task WriteArrowAsync(string path, long rows, ulong seed)
    {
        TripsOptions options = new() { Rows = rows, Seed = seed };
        Dictionary<TripNote, byte[]> notes = [];
        ArrowStreamWriter? writer = null;
        await using FileStream file = File.Create(path);
        try
        {
            for (long first = 0; first < rows || writer is null; first += RowsOfBatch)
            {
                Trip[] trips = [.. Enumerable.Range(0, (int)Math.Min(RowsOfBatch, rows - first)).Select(i => Trip.At(first + i, options))];
                IArrowArray[] columns = [.. ColumnsOf(trips, notes).Select(ArrowArrayFactory.BuildArray)];
                Schema schema = new(TripsDefinition.Columns.ToArray().Zip(columns, (name, column) => new Field(name, column.Data.DataType, nullable: true)), metadata: null);
                writer ??= new ArrowStreamWriter(file, schema, leaveOpen: true);
                using RecordBatch batch = new(schema, columns, trips.Length);
                await writer.WriteRecordBatchAsync(batch);
            }

            await writer.WriteEndAsync();
        }
        finally
        {
            writer?.Dispose();
        }
    }

    private static IEnumerable<ArrayData> ColumnsOf(Trip[] trips, Dictionary<TripNote, byte[]> notes)
    {
        TimestampType moment = new(TimeUnit.Microsecond, "UTC");
        Decimal128Type money = new(10, 2);
        yield return Of(Int64Type.Default, trips.Length, Map(trips, trip => trip.Id));
        byte[][] vendors = [.. Enumerable.Range(0, TripsDefinition.VendorCount).Select(vendor => TripsDefinition.VendorText(vendor).ToArray())];
        yield return new ArrayData(
            new DictionaryType(Int8Type.Default, StringType.Default, ordered: false), trips.Length, 0, 0,
            [ArrowBuffer.Empty, Map(trips, trip => (sbyte)trip.Vendor)], null, Texts(vendors));
        yield return Of(moment, trips.Length, Map(trips, trip => trip.PickupSecond * 1_000_000));
        yield return Of(moment, trips.Length, Map(trips, trip => trip.DropoffSecond * 1_000_000));
        yield return Of(Int32Type.Default, trips.Length, Map(trips, trip => trip.Passengers));
        yield return Of(DoubleType.Default, trips.Length, Map(trips, trip => trip.DistanceHundredths / 100.0));
        yield return Of(money, trips.Length, Map(trips, trip => (Int128)trip.FareCents));
        yield return Of(money, trips.Length, Map(trips, trip => (Int128)(trip.TipCents ?? 0)), Bits(trips, trip => trip.TipCents is not null));
        yield return Of(BooleanType.Default, trips.Length, Bits(trips, trip => trip.IsPaid));
        yield return Of(Date32Type.Default, trips.Length, Map(trips, trip => (int)(trip.PickupSecond / 86_400)));
        yield return Texts([.. trips.Select(trip => TextOf(trip.Note, notes))], Bits(trips, trip => !trip.Note.Json.AsSpan().SequenceEqual("null"u8)));
    }

    private static byte[] TextOf(TripNote note, Dictionary<TripNote, byte[]> notes)
    {
        if (!notes.TryGetValue(note, out byte[]? text))
        {
            text = notes[note] = System.Text.Encoding.UTF8.GetBytes(JsonSerializer.Deserialize<string?>(note.Json) ?? "");
        }

        return text;
    }

    private static ArrayData Of(IArrowType type, int length, ArrowBuffer values, ArrowBuffer? validity = null) =>
        new(type, length, validity is null ? 0 : -1, 0, [validity ?? ArrowBuffer.Empty, values]);

    private static ArrayData Texts(byte[][] texts, ArrowBuffer? validity = null)
    {
        int[] offsets = new int[texts.Length + 1];
        for (int i = 0; i < texts.Length; i++)
        {
            offsets[i + 1] = offsets[i] + texts[i].Length;
        }

        byte[] bytes = new byte[offsets[^1]];
        for (int i = 0; i < texts.Length; i++)
        {
            texts[i].CopyTo(bytes, offsets[i]);
        }

        return new ArrayData(
            StringType.Default, texts.Length, validity is null ? 0 : -1, 0,
            [validity ?? ArrowBuffer.Empty, new ArrowBuffer(MemoryMarshal.AsBytes(offsets.AsSpan()).ToArray()), new ArrowBuffer(bytes)]);
    }

    private static ArrowBuffer Map<T>(Trip[] trips, Func<Trip, T> value)
        where T : struct => new(MemoryMarshal.AsBytes(System.Array.ConvertAll(trips, trip => value(trip)).AsSpan()).ToArray());

    private static ArrowBuffer Bits(Trip[] trips, Func<Trip, bool> isSet)
    {
        byte[] bits = new byte[(trips.Length + 7) / 8];
        for (int i = 0; i < trips.Length; i++)
        {
            bits[i / 8] |= (byte)(isSet(trips[i]) ? 1 << (i % 8) : 0);
        }

        return new ArrowBuffer(bits);
    }
}
