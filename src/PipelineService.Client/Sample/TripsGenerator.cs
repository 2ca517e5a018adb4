namespace PipelineService.Client.Sample;

/// <summary>
/// Makes trips: some 108 bytes a row in CSV, so that 3,000,000 rows are about 326 MB. Streams, keeps no row, and says
/// which records a correct service must reject.
/// </summary>
internal sealed class TripsGenerator
{
    /// <summary>Large enough that writes do not count, small enough to stay in the second-level cache.</summary>
    private const int BufferBytes = 128 * 1_024;

    private readonly TripsOptions _options;
    private readonly TripWriter _writer;
    private readonly List<ExpectedReject> _expectedRejects = [];
    private long _rows;
    private long _bytes;
    private long _line = 1;
    private bool _headerWritten;

    public TripsGenerator(TripsOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Rows);
        if (options.LineEnding is not ("\n" or "\r\n"))
        {
            throw new ArgumentException("Lines end with LF or CR LF.", nameof(options));
        }

        _options = options;
        _writer = TripWriter.For(options);
    }

    /// <summary>Rows made so far; may be read from another thread, to show progress.</summary>
    public long Rows => Volatile.Read(ref _rows);

    /// <summary>Bytes made so far; may be read from another thread, to show progress.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>
    /// What must be rejected among the rows made so far, in the order of the file. Duplicate keys are listed too: they are
    /// rejected where trip_id is the key and the file is loaded in order.
    /// </summary>
    public IReadOnlyList<ExpectedReject> ExpectedRejects => _expectedRejects;

    /// <summary>Makes all rows that are left.</summary>
    public async Task WriteToAsync(Stream output, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BufferBytes];
        while (Fill(buffer) is int length and > 0)
        {
            await output.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
        }
    }

    /// <summary>Makes as many whole rows as surely fit.</summary>
    /// <param name="destination">Room for at least one record: <see cref="TripWriter.RecordBytesMax"/>.</param>
    /// <returns>How many bytes were written; 0 at the end.</returns>
    public int Fill(Span<byte> destination)
    {
        var cursor = new ByteCursor(destination);
        if (!_headerWritten)
        {
            cursor.Write(_writer.Header.Span);
            _line += _writer.Header.IsEmpty ? 0 : 1;
            _headerWritten = true;
        }

        long row = _rows;
        for (; row < _options.Rows && cursor.Remaining >= TripWriter.RecordBytesMax; row++)
        {
            var trip = Trip.At(row, _options);
            if (trip.Fault is not null)
            {
                _expectedRejects.Add(trip.Fault.RejectAt(_line, record: row + 1));
            }

            _line += _writer.Write(trip, ref cursor);
        }

        Volatile.Write(ref _rows, row);
        Volatile.Write(ref _bytes, _bytes + cursor.Position);
        return cursor.Position;
    }
}

/// <summary>A request body that is made while it is sent: of no length known beforehand, so HTTP/1.1 sends it chunked.</summary>
internal sealed class TripsContent : HttpContent
{
    private readonly TripsGenerator _generator;

    public TripsContent(TripsGenerator generator, string mediaType)
    {
        _generator = generator;
        Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue(mediaType);
    }

    protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) =>
        _generator.WriteToAsync(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(
        Stream stream, System.Net.TransportContext? context, CancellationToken cancellationToken) =>
        _generator.WriteToAsync(stream, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }
}
