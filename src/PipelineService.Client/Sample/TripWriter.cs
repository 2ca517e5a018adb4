using System.Text;
using PipelineService.Core.Datasets;

namespace PipelineService.Client.Sample;

/// <summary>Writes trips as bytes in one format.</summary>
internal abstract class TripWriter
{
    /// <summary>No record is longer than this: the longest note takes half of it.</summary>
    public const int RecordBytesMax = 1_024;

    public static TripWriter For(TripsOptions options) => options.Format switch
    {
        DataFormat.Csv => new CsvTripWriter(options.LineEnding),
        DataFormat.Ndjson => new NdjsonTripWriter(),
        _ => throw new ArgumentOutOfRangeException(nameof(options), options.Format, "Trips are CSV or NDJSON."),
    };

    /// <summary>What stands before the first record, on a line of its own; empty when nothing does.</summary>
    public virtual ReadOnlyMemory<byte> Header => default;

    /// <summary>Writes one record with its line end.</summary>
    /// <returns>How many physical lines it spans.</returns>
    public abstract int Write(in Trip trip, ref ByteCursor cursor);

    /// <summary>The value of any column but the note, bare: what both formats agree on.</summary>
    protected static void WriteValue(in Trip trip, TripColumn column, ref ByteCursor cursor)
    {
        switch (column)
        {
            case TripColumn.TripId:
                cursor.WriteNumber(trip.Id);
                break;
            case TripColumn.Vendor:
                cursor.Write(TripsDefinition.VendorText(trip.Vendor));
                break;
            case TripColumn.PickupAt:
                cursor.WriteInstant(trip.PickupSecond);
                break;
            case TripColumn.DropoffAt:
                cursor.WriteInstant(trip.DropoffSecond);
                break;
            case TripColumn.Passengers:
                cursor.WriteNumber(trip.Passengers);
                break;
            case TripColumn.DistanceKm:
                cursor.WriteHundredths(trip.DistanceHundredths);
                break;
            case TripColumn.Fare:
                cursor.WriteHundredths(trip.FareCents);
                break;
            case TripColumn.Tip when trip.TipCents is int cents:
                cursor.WriteHundredths(cents);
                break;
            case TripColumn.Paid:
                cursor.Write(trip.IsPaid ? "true"u8 : "false"u8);
                break;
            case TripColumn.ServiceDate:
                cursor.WriteDate(trip.PickupSecond);
                break;
        }
    }
}

/// <summary>RFC 4180, only notes quoted, and only those that must be.</summary>
internal sealed class CsvTripWriter(string lineEnding) : TripWriter
{
    private readonly byte[] _lineEnding = Encoding.UTF8.GetBytes(lineEnding);

    public override ReadOnlyMemory<byte> Header { get; } =
        Encoding.UTF8.GetBytes(string.Join(',', TripsDefinition.Columns) + lineEnding);

    public override int Write(in Trip trip, ref ByteCursor cursor)
    {
        for (TripColumn column = TripColumn.TripId; column < TripColumn.Note; column++)
        {
            if (trip.Fault is { Text.Length: > 0 } fault && fault.Column == column)
            {
                cursor.Write(fault.Text);
            }
            else
            {
                WriteValue(trip, column, ref cursor);
            }

            cursor.Write((byte)',');
        }

        bool isNoteBad = trip.Fault is { Column: TripColumn.Note };
        cursor.Write(isNoteBad ? trip.Fault!.Text : trip.Note.Csv);
        cursor.Write(_lineEnding);
        return isNoteBad ? 1 : 1 + trip.Note.LineBreaks;
    }
}

/// <summary>One object per line; a missing value is <c>null</c>.</summary>
internal sealed class NdjsonTripWriter : TripWriter
{
    private static readonly byte[][] Names =
        [.. TripsDefinition.Columns.ToArray().Select((name, i) => Encoding.UTF8.GetBytes($"{(i == 0 ? '{' : ',')}\"{name}\":"))];

    public override int Write(in Trip trip, ref ByteCursor cursor)
    {
        for (TripColumn column = TripColumn.TripId; column <= TripColumn.Note; column++)
        {
            cursor.Write(Names[(int)column]);
            if (trip.Fault is { Text.Length: > 0 } fault && fault.Column == column)
            {
                WriteQuotedIf(fault.IsJsonText, fault.Text, ref cursor);
            }
            else if (column == TripColumn.Note)
            {
                cursor.Write(trip.Note.Json);
            }
            else if (column == TripColumn.Tip && trip.TipCents is null)
            {
                cursor.Write("null"u8);
            }
            else
            {
                bool isText = column is TripColumn.Vendor or TripColumn.PickupAt or TripColumn.DropoffAt
                    or TripColumn.ServiceDate;
                WriteQuoteIf(isText, ref cursor);
                WriteValue(trip, column, ref cursor);
                WriteQuoteIf(isText, ref cursor);
            }
        }

        cursor.Write("}\n"u8);
        return 1;
    }

    private static void WriteQuotedIf(bool condition, ReadOnlySpan<byte> text, ref ByteCursor cursor)
    {
        WriteQuoteIf(condition, ref cursor);
        cursor.Write(text);
        WriteQuoteIf(condition, ref cursor);
    }

    private static void WriteQuoteIf(bool condition, ref ByteCursor cursor)
    {
        if (condition)
        {
            cursor.Write((byte)'"');
        }
    }
}
