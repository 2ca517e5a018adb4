namespace PipelineService.Client.Sample;

/// <summary>The values of one trip, before anyone writes them as CSV or JSON.</summary>
internal readonly struct Trip
{
    private const ulong ValuesPurpose = 1;
    private const ulong FaultPurpose = 2;

    /// <summary>Pickups start on 2024-01-01 and spread over a year.</summary>
    private const long FirstPickupSecond = 1_704_067_200;
    private const int PickupSpanSeconds = 366 * 86_400;

    private Trip(long index, long idIndex, TripFault? fault, ref TripRandom random)
    {
        Index = index;
        Id = idIndex + 1;
        Fault = fault;
        Vendor = random.Below(TripsDefinition.VendorCount);
        PickupSecond = FirstPickupSecond + random.Below(PickupSpanSeconds);
        DropoffSecond = PickupSecond + 60 + random.Below(5_400);
        Passengers = 1 + random.Below(TripsDefinition.PassengersMax);
        DistanceHundredths = 30 + random.Below(4_000);
        FareCents = 250 + random.Below(9_000);
        TipCents = random.Below(10) == 0 ? null : random.Below(1_500);
        IsPaid = random.Below(20) != 0;
        Note = TripNotes.Pick(random.Below(TripNotes.Weight));
    }

    /// <summary>0-based.</summary>
    public long Index { get; }

    public long Id { get; }

    public int Vendor { get; }

    /// <summary>Seconds since 1970-01-01 in UTC, as is <see cref="DropoffSecond"/>.</summary>
    public long PickupSecond { get; }

    public long DropoffSecond { get; }

    public int Passengers { get; }

    public int DistanceHundredths { get; }

    public int FareCents { get; }

    public int? TipCents { get; }

    public bool IsPaid { get; }

    public TripNote Note { get; }

    /// <summary>What is wrong with it, null when nothing is.</summary>
    public TripFault? Fault { get; }

    public static Trip At(long index, TripsOptions options)
    {
        var random = new TripRandom(options.Seed, index, ValuesPurpose);
        var fault = new TripRandom(options.Seed, index, FaultPurpose);
        return KindAt(index, options, ref fault) switch
        {
            TripFaultKind.TypeError => new(index, index, Any(TripFault.TypeErrors, ref fault), ref random),
            TripFaultKind.RuleViolation => new(index, index, Any(TripFault.RuleViolations, ref fault), ref random),
            TripFaultKind.DuplicateKey when EarlierGood(index, options, ref fault) is long earlier =>
                new(index, earlier, TripFault.DuplicateKey, ref random),
            _ => new(index, index, fault: null, ref random),
        };
    }

    private static TripFault Any(TripFault[] faults, ref TripRandom random) => faults[random.Below(faults.Length)];

    private static TripFaultKind KindAt(long index, TripsOptions options)
    {
        var random = new TripRandom(options.Seed, index, FaultPurpose);
        return KindAt(index, options, ref random);
    }

    private static TripFaultKind KindAt(long index, TripsOptions options, ref TripRandom random)
    {
        double unit = random.Unit();
        double type = options.TypeErrorShare;
        double rule = type + options.RuleErrorShare;
        double duplicate = rule + options.DuplicateShare;
        return unit < type ? TripFaultKind.TypeError
            : unit < rule ? TripFaultKind.RuleViolation
            : unit < duplicate && index > 0 ? TripFaultKind.DuplicateKey
            : TripFaultKind.None;
    }

    /// <summary>
    /// A row whose key is taken: half of them close by, where the same chunk holds both, half of them anywhere before.
    /// It must be good itself, or its key would be free.
    /// </summary>
    private static long? EarlierGood(long index, TripsOptions options, ref TripRandom random)
    {
        long reach = random.Below(2) == 0 ? Math.Min(index, 100) : Math.Min(index, int.MaxValue);
        long candidate = index - 1 - random.Below((int)reach);
        while (candidate >= 0 && KindAt(candidate, options) != TripFaultKind.None)
        {
            candidate--;
        }

        return candidate < 0 ? null : candidate;
    }
}
